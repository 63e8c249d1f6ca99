"""Which API is used: seen, checked, changed, forgotten."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from services.connection import parse_connection
from services.upstream import Upstream
from utils.problems import request_id_of

router = APIRouter()


class Connection(BaseModel):
    """The line that the notebook printed: `https://host#key=KEY`."""

    connection: str = Field(max_length=2000)


def upstream_of(request: Request) -> Upstream:
    """The upstream made in the lifespan."""
    upstream: Upstream = request.app.state.upstream
    return upstream


@router.get("/api/upstream")
async def show(request: Request) -> dict[str, Any]:
    """Which API is used, and how it is doing."""
    return upstream_of(request).describe()


@router.post("/api/upstream/check")
async def check(request: Request, body: Connection) -> dict[str, Any]:
    """Whether an API answers there and takes the key; keeps nothing."""
    target = parse_connection(body.connection)
    health = await upstream_of(request).check(target, request_id_of(request.scope))
    return {
        "url": target.url, "host": target.host, "has_key": bool(target.key), "health": health
    }  # fmt: skip


@router.put("/api/upstream")
async def connect(request: Request, body: Connection) -> dict[str, Any]:
    """Check it, keep it, and use it from the next request on."""
    upstream = upstream_of(request)
    await upstream.connect(parse_connection(body.connection), request_id_of(request.scope))
    return upstream.describe()


@router.delete("/api/upstream")
async def forget(request: Request) -> dict[str, Any]:
    """Back to the API of this machine, or to what the environment says."""
    upstream = upstream_of(request)
    upstream.forget()
    return upstream.describe()
