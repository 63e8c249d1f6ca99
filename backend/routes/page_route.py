"""The page's own files, and the page about the API."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException

from utils.docs_page import DOCS_CSS, docs_page

# What of node_modules the page may load: one line a package.
PACKAGES = (
    "node_modules/marked/lib/",
    "node_modules/dompurify/dist/",
    "node_modules/swiper/",
    "node_modules/@fontsource-variable/inter/",
)
KINDS = {".html", ".css", ".js", ".mjs", ".json", ".svg", ".png", ".ico", ".woff2", ".webmanifest"}
HIDDEN = {"package.json", "package-lock.json"}


def make_router(frontend: Path) -> APIRouter:
    """Routes that serve `frontend`; only files a page needs, and nothing above it."""
    router = APIRouter(include_in_schema=False)
    root = frontend.resolve()

    @router.get("/docs")
    def docs(request: Request) -> HTMLResponse:
        return HTMLResponse(docs_page(request.app.openapi()))

    @router.get("/docs.css")
    def docs_css() -> PlainTextResponse:
        return PlainTextResponse(DOCS_CSS, media_type="text/css")

    @router.get("/{path:path}")
    def page(path: str) -> Response:
        file = (root / (path or "index.html")).resolve()
        if not _allowed(file, root) or not file.is_file():
            raise HTTPException(404)
        cache = "public, max-age=86400" if "node_modules" in file.parts else "no-cache"
        return FileResponse(file, headers={"Cache-Control": cache})

    return router


def _allowed(file: Path, root: Path) -> bool:
    if not file.is_relative_to(root) or file.suffix not in KINDS or file.name in HIDDEN:
        return False
    inside = file.relative_to(root).as_posix()
    if any(part.startswith(".") for part in inside.split("/")):
        return False
    return not inside.startswith("node_modules/") or inside.startswith(PACKAGES)
