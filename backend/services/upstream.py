"""One pooled client to the API, and every way it can fail put into words."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from utils.config import Settings
from utils.problems import BackendError

NGROK = {
    "ERR_NGROK_3200": "The tunnel is closed. Run the last cell of notebook 05 again and give its "
    "new address to the backend.",
    "ERR_NGROK_8012": "The tunnel is open but the API behind it is not running. Run the last cell "
    "of notebook 05 again.",
}


def make_client(settings: Settings) -> httpx.AsyncClient:
    """A client that sends the API what it needs and nothing of the browser's."""
    headers = {"ngrok-skip-browser-warning": "1", "User-Agent": "timanh-backend"}
    if settings.api_key:
        headers["Authorization"] = f"Bearer {settings.api_key}"
    return httpx.AsyncClient(
        base_url=settings.api_url,
        headers=headers,
        timeout=httpx.Timeout(settings.read_timeout_s, connect=settings.connect_timeout_s),
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=16),
        trust_env=False,
    )


@asynccontextmanager
async def failures_in_words(address: str) -> AsyncIterator[None]:
    """Turn httpx's errors into BackendErrors: 503 down, 504 slow, 502 broken."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise BackendError(
            503,
            "upstream-down",
            f"The search API at {address} cannot be reached. Start it (python run.py, or the last "
            "cell of notebook 05) and try again.",
        ) from error
    except httpx.TimeoutException as error:
        raise BackendError(
            504,
            "upstream-slow",
            f"The search API at {address} did not answer in time. Try again in a moment.",
        ) from error
    except httpx.HTTPError as error:
        raise BackendError(
            502,
            "upstream-broken",
            f"The connection to the search API at {address} broke off. Try again.",
        ) from error


def refuse_foreign_answers(response: httpx.Response, address: str) -> None:
    """Raises BackendError 502: an answer that is not the API's, such as a tunnel's own page."""
    ngrok = response.headers.get("ngrok-error-code", "")
    kind = response.headers.get("content-type", "")
    if not ngrok and not kind.startswith("text/html"):
        return
    if ngrok:
        detail = NGROK.get(ngrok, f"The ngrok tunnel answered {ngrok} instead of the API.")
        raise BackendError(502, ngrok.lower().replace("err_", "").replace("_", "-"), detail)
    raise BackendError(
        502,
        "upstream-html",
        f"{address} answered with a web page instead of data. Check that it is the API's address.",
    )


def read_json(response: httpx.Response, address: str) -> Any:
    """The answer's JSON; the API's own problems come through with their status and code."""
    refuse_foreign_answers(response, address)
    try:
        content = response.json()
    except ValueError as error:
        raise BackendError(
            502, "upstream-broken", f"The search API at {address} answered with broken data."
        ) from error
    if response.is_success:
        return content
    told = content if isinstance(content, dict) else {}
    raise BackendError(
        response.status_code,
        str(told.get("code", "upstream-error")),
        str(told.get("detail") or f"The search API answered {response.status_code}."),
    )
