"""The API over one search engine."""

from fastapi import FastAPI

import timanh
from timanh.api import problems
from timanh.api.config import ApiConfig
from timanh.api.gate import Gate
from timanh.api.routes import make_router
from timanh.search import SearchEngine


def create_app(engine: SearchEngine, config: ApiConfig | None = None) -> FastAPI:
    """A FastAPI application that answers with `engine`; loads no torch by itself.

    Example:
        >>> app = create_app(SearchEngine(encoder, dictionary), ApiConfig(api_key="…"))
    """
    chosen = config or ApiConfig()
    app = FastAPI(
        title="Tìm Ảnh",
        version=timanh.__version__,
        description="Search a collection of pictures by text, by picture, or by both.",
    )
    app.include_router(make_router(engine, chosen))
    problems.install(app)
    app.add_middleware(Gate, config=chosen)
    return app
