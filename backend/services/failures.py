"""A message for every way in which the API behind can fail."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from utils.problems import BackendError

AGAIN = "Run the last cell of notebook 05 again and connect the page with its new line."
# ngrok's error → our code, and a sentence.
NGROK = {
    "ERR_NGROK_3200": ("ngrok-3200", f"The tunnel is closed. {AGAIN}"),
    "ERR_NGROK_8012": (
        "ngrok-8012",
        "The tunnel is open but the API behind it is not running. Run the last cell of notebook 05 "
        "again.",
    ),
    "ERR_NGROK_6024": ("ngrok-6024", "ngrok put its warning page in between. Try again."),
    **{
        f"ERR_NGROK_{number}": (
            "ngrok-quota",
            "The tunnel's free quota for this month is used up. Open another kind of tunnel.",
        )
        for number in range(725, 735)
    },
}


# The API cannot be reached at all.
UNREACHABLE = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


@contextmanager
def translate_errors(address: str) -> Iterator[None]:
    """Turn the client's errors into BackendErrors: 503 down, 504 slow, 502 broken."""
    try:
        yield
    except (aiohttp.ClientError, TimeoutError) as error:
        raise to_backend_error(error, address) from error


def is_broken(error: Exception) -> bool:
    """Whether a connection that was there broke off, and not for being too slow."""
    return isinstance(error, aiohttp.ClientError) and not isinstance(
        error, (*UNREACHABLE, TimeoutError)
    )


def to_backend_error(error: Exception, address: str) -> BackendError:
    """The BackendError that an error of the client becomes."""
    if isinstance(error, UNREACHABLE):
        return BackendError(
            503,
            "upstream-down",
            f"The search API at {address} cannot be reached. Start it (python run.py, or the last "
            "cell of notebook 05) and try again.",
        )
    if isinstance(error, TimeoutError):
        return BackendError(
            504,
            "upstream-slow",
            f"The search API at {address} did not answer in time. Try again in a moment.",
        )
    return BackendError(
        502,
        "upstream-broken",
        f"The connection to the search API at {address} broke off. Try again.",
    )


def refuse_foreign_answers(response: aiohttp.ClientResponse, address: str) -> None:
    """Raises BackendError 502: an answer that is not the API's, such as a page of the tunnel."""
    ngrok = response.headers.get("ngrok-error-code", "")
    if ngrok:
        unknown = f"The ngrok tunnel answered {ngrok[:40]} instead of the API. {AGAIN}"
        raise BackendError(502, *NGROK.get(ngrok, ("ngrok-error", unknown)))
    if 300 <= response.status < 400 and "location" in response.headers:
        place = urlsplit(response.headers.get("location", "")).netloc or "another address"
        raise BackendError(
            502, "upstream-moved", f"The search API at {address} has moved to {place}. {AGAIN}"
        )
    if response.headers.get("content-type", "").startswith("text/html"):
        raise BackendError(
            502,
            "upstream-html",
            f"{address} answered with a web page instead of data. Check that it is the API's "
            "address.",
        )


def read_json(response: aiohttp.ClientResponse, content: bytes, address: str) -> Any:
    """The JSON in an answer; the API's problems come through with their status and code."""
    refuse_foreign_answers(response, address)
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BackendError(
            502, "upstream-broken", f"The search API at {address} answered with broken data."
        ) from error
    if 200 <= response.status < 300:
        return value
    problem = value if isinstance(value, dict) else {}
    retry = response.headers.get("retry-after", "")
    raise BackendError(
        response.status,
        str(problem.get("code", "upstream-error")),
        str(problem.get("detail") or f"The search API answered {response.status}."),
        int(retry) if retry.isdigit() else None,
        problem.get("near"),
    )


def foreign_answer(address: str) -> BackendError:
    """Something answers in good form, but it is something else."""
    return BackendError(
        502,
        "upstream-foreign",
        f"{address} is not a Tìm Ảnh API: its answer has another form. Check the address.",
    )
