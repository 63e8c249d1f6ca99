"""While run.py starts the API again, the page learns that, and how often it was tried."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from upstream_standin import free_port, start_backend


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs") / "api.state.json"


@pytest.fixture(scope="module")
def away(state: Path) -> Iterator[str]:
    """A backend whose API is not there."""
    api = f"http://127.0.0.1:{free_port()}"
    process, address = start_backend(api, TIMANH_LOCAL_API_URL=api, TIMANH_API_STATE=str(state))
    yield address
    process.terminate()
    process.wait(10)


def put(state: Path, name: str, attempt: int) -> None:
    state.write_text(json.dumps({"state": name, "attempt": attempt, "attempts": 3}))


def ask(address: str) -> tuple[httpx.Response, Any]:
    refused = httpx.post(f"{address}/api/search", data={"query": "a"})
    return refused, httpx.get(f"{address}/health").json()


@pytest.mark.parametrize(("name", "attempt", "shown"), [("up", 0, 1), ("restarting", 2, 2)])
def test_it_says_that_the_api_comes_back(
    away: str, state: Path, name: str, attempt: int, shown: int
) -> None:
    put(state, name, attempt)
    refused, health = ask(away)
    assert (refused.status_code, refused.json()["code"]) == (503, "restarting")
    assert refused.headers["retry-after"] == "2"
    assert health["status"] == "degraded" and health["upstream"]["code"] == "restarting"
    assert (health["upstream"]["attempt"], health["upstream"]["attempts"]) == (shown, 3)
    stream = httpx.post(f"{away}/api/search/stream", data={"query": "a"})
    assert stream.json()["code"] == "restarting"


def test_it_says_when_nobody_tries_any_more(away: str, state: Path) -> None:
    put(state, "gave-up", 3)
    refused, health = ask(away)
    assert (refused.status_code, refused.json()["code"]) == (503, "gave-up")
    assert "retry-after" not in refused.headers and health["upstream"]["code"] == "gave-up"


def test_without_run_py_it_is_only_down(away: str, state: Path) -> None:
    state.unlink(missing_ok=True)
    refused, health = ask(away)
    assert refused.json()["code"] == health["upstream"]["code"] == "upstream-down"
    assert "attempt" not in health["upstream"]
