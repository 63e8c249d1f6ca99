"""The page's files, and the page about the API."""

import gzip
import mimetypes
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from utils.docs_page import docs_page

# What of node_modules the page may load: one line a package.
PACKAGES = (
    "node_modules/marked/lib/",
    "node_modules/dompurify/dist/",
    "node_modules/swiper/",
    "node_modules/@fontsource-variable/inter/",
)
VIEWS = {"", "photos", "posts"}  # the page shows another view at each of these addresses
KINDS = {".html", ".css", ".js", ".mjs", ".json", ".svg", ".png", ".ico", ".woff2", ".webmanifest"}
PACKED = {".html", ".css", ".js", ".mjs", ".json", ".svg"}
HIDDEN = {"package.json", "package-lock.json"}


def make_router(frontend: Path) -> APIRouter:
    """Routes that serve `frontend`; only files a page needs, and nothing above it."""
    router = APIRouter(include_in_schema=False)
    root = frontend.resolve()

    @router.get("/docs")
    def docs(request: Request) -> HTMLResponse:
        return docs_page(request.app)

    @router.get("/{path:path}")
    def page(path: str, request: Request) -> Response:
        view = path.rstrip("/")
        if path != view and view in VIEWS:  # as some people write addresses
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(f"/{view}{query}", 308)
        file = (root / ("index.html" if path in VIEWS else path)).resolve()
        if not _allowed(file, root) or not file.is_file():
            raise HTTPException(404)
        return _answer(file, request)

    return router


def _answer(file: Path, request: Request) -> Response:
    """The file, packed where the browser can unpack it; 304 where it has the newest."""
    stat = file.stat()
    headers = {
        "Cache-Control": "public, max-age=86400" if "node_modules" in file.parts else "no-cache",
        "ETag": f'W/"{stat.st_mtime_ns:x}-{stat.st_size:x}"',
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    if file.suffix in PACKED and "gzip" in request.headers.get("accept-encoding", ""):
        kind = mimetypes.guess_type(file.name)[0] or "text/plain"
        headers["Content-Encoding"] = "gzip"
        return Response(_packed(file, stat.st_mtime_ns), headers=headers, media_type=kind)
    return FileResponse(file, headers=headers)


@lru_cache(maxsize=256)
def _packed(file: Path, _changed_ns: int) -> bytes:
    return gzip.compress(file.read_bytes(), mtime=0)


def _allowed(file: Path, root: Path) -> bool:
    if not file.is_relative_to(root) or file.suffix not in KINDS or file.name in HIDDEN:
        return False
    inside = file.relative_to(root).as_posix()
    if any(part.startswith(".") for part in inside.split("/")):
        return False
    return not inside.startswith("node_modules/") or inside.startswith(PACKAGES)
