"""The local backend: serves the page on 127.0.0.1 and hands its searches to the API."""

import argparse
import contextlib
import logging
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import uvicorn
from fastapi import Depends, FastAPI

from routes import ai_route, image_route, page_route, upstream_route
from services.ai_health import AiHealth
from services.connection import parse_connection
from services.image_service import ImageService
from services.upstream import Upstream, make_client
from utils import problems
from utils.config import Settings, load_settings
from utils.guard import Guard
from utils.known_fields import only_known_fields
from utils.listening import listen

KNOWN = [Depends(only_known_fields)]


def create_app(settings: Settings) -> FastAPI:
    """Wire routes, service and guard."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with make_client(settings) as client:
            app.state.upstream = Upstream(client, settings)
            app.state.service = ImageService(app.state.upstream)
            app.state.ai = _ai_service(client, settings, app.state.upstream)
            other = app.state.ai is not app.state.upstream
            app.state.ai_health = AiHealth(app.state.ai) if other else None
            async with _posts(app, settings):
                yield

    app = FastAPI(title="Tìm Ảnh · backend", docs_url=None, redoc_url=None, lifespan=lifespan)
    for router in (image_route.router, upstream_route.router, ai_route.router):
        app.include_router(router, dependencies=KNOWN)
    app.include_router(image_route.passed_on)
    _post_routes(app, settings)
    app.include_router(page_route.make_router(settings.frontend))
    problems.install(app)
    app.add_middleware(
        Guard,
        max_request_bytes=settings.max_request_bytes,
        max_post_bytes=settings.max_post_bytes,
    )
    return app


def _ai_service(
    client: aiohttp.ClientSession, settings: Settings, api: Upstream
) -> Upstream | None:
    """The service that AI_SERVICE_URL names, none where it is blank, else the API itself."""
    if settings.ai_service is None:
        return api
    if not settings.ai_service:
        return None
    return Upstream(client, settings, parse_connection(settings.ai_service))


def _post_routes(app: FastAPI, settings: Settings) -> None:
    """Posts, where they can be kept: they need a folder and a driver for PostgreSQL."""
    app.state.posts, app.state.no_posts = None, None
    if settings.posts_folder is None:
        app.state.no_posts = "There is no folder for posts. Start with python run.py, or name one "\
            "in TIMANH_POSTS."  # fmt: skip
        return
    try:
        from routes import post_route
    except ImportError as error:
        app.state.no_posts = f"{error}. Run: pip install -r backend/requirements.txt"
        return
    app.include_router(post_route.router, dependencies=KNOWN)


@asynccontextmanager
async def _posts(app: FastAPI, settings: Settings) -> AsyncIterator[None]:
    """Posts while the backend serves."""
    if app.state.no_posts is not None or settings.posts_folder is None:
        yield
        return
    from posts.service import Posts

    app.state.posts = Posts(settings, app.state.ai, settings.posts_folder)
    async with app.state.posts.running():
        yield


def main() -> None:
    """Run it; `--port` counts more than TIMANH_PORT."""
    try:
        settings = load_settings()
    except ValueError as error:
        sys.exit(f"Error: {error}")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=settings.port, help="default: %(default)s")
    parser.add_argument(
        "--log-requests", action="store_true", help="a line of JSON for each request, on stderr"
    )
    given = parser.parse_args()
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    if given.log_requests:
        logging.getLogger("timanh.backend").setLevel(logging.INFO)
    try:
        sock = listen(given.port)
    except OSError as error:
        sys.exit(f"Error: {error}")
    # A page that listens for events would hold up the end for ever.
    config = uvicorn.Config(create_app(settings), log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    end_in_order()
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[sock])


def end_in_order() -> None:
    """Let an ending signal end Python, too, and not only the server: what was started with the
    backend, such as the embedded PostgreSQL, ends as Python does."""
    for name in ("SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda number, frame: sys.exit(128 + number))
    # A closed terminal, which uvicorn does not hear; `nohup` has it ignored.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda number, frame: signal.raise_signal(signal.SIGTERM))


if __name__ == "__main__":
    main()
