"""The whole way: backend → tunnel → API, with everything that can go wrong between them."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pixel_encoder import PixelEncoder, make_pictures
from upstream_standin import start_backend

from timanh.errors import TunnelError
from timanh.serving import Running, serve_in_notebook
from timanh.serving.keeper import TunnelKeeper
from timanh.serving.tunnel import Tunnel
from timanh.serving.tunnels import tunnel_opener
from timanh.vectors import VectorDictionary, build_dictionary

STANDIN = Path(__file__).parents[1] / "standins" / "ngrok"


@dataclass
class Site:
    """An API behind a tunnel that misbehaves as the test says, and a backend connected to it."""

    running: Running
    address: str
    mode: Path

    def search(self) -> httpx.Response:
        return httpx.post(f"{self.address}/api/search", data={"query": "a"}, timeout=20)

    def stream(self) -> str:
        url = f"{self.address}/api/search/stream"
        return httpx.post(url, data={"query": "a"}, timeout=20).text


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build_dictionary(make_pictures(folder / "g", 12), PixelEncoder(), folder / "i", progress=False)
    return folder / "i"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """ngrok's stand-in in place of ngrok; its mode in a file, its agents' ids in another."""
    folder = tmp_path_factory.mktemp("ngrok")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYNGROK_NGROK_PATH", str(STANDIN))
        patch.setenv("NGROK_AUTHTOKEN", "token")
        patch.setenv("NGROK_STANDIN_MODE", str(folder / "mode"))
        patch.setenv("NGROK_STANDIN_PIDS", str(folder / "pids"))
        patch.delenv("TIMANH_API_KEY", raising=False)
        patch.setattr(
            VectorDictionary, "load_encoder", lambda self, *_, **__: PixelEncoder(delay_s=0.0)
        )
        yield folder


@pytest.fixture(scope="module")
def site(index: Path, environment: Path) -> Iterator[Site]:
    running = serve_in_notebook(index, tunnel="ngrok", port=0)
    process, address = start_backend(
        "", TIMANH_KEPT_CONNECTION=str(environment / "kept"), TIMANH_READ_TIMEOUT_S="2"
    )
    connected = httpx.put(
        f"{address}/api/upstream", json={"connection": running.connection}, timeout=20
    )
    assert connected.status_code == 200, connected.text
    yield Site(running, address, environment / "mode")
    process.terminate()
    process.wait(10)
    running.stop()


def agents(folder: Path) -> list[int]:
    """Process ids of stand-in agents that still run."""
    return [pid for pid in map(int, (folder / "pids").read_text().split()) if runs(pid)]


def runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


def wait_for(what: Callable[[], bool], seconds: float = 15) -> bool:
    until = time.monotonic() + seconds
    while not what() and time.monotonic() < until:
        time.sleep(0.05)
    return what()


# --- between the page and the API


@pytest.mark.parametrize(
    ("mode", "status", "code"),
    [
        ("3200", 502, "ngrok-3200"), ("6024", 502, "ngrok-6024"), ("727", 502, "ngrok-quota"),
        ("html", 502, "upstream-html"), ("moved", 502, "upstream-moved"),
        ("half", 502, "upstream-broken"), ("slow", 504, "upstream-slow"),
    ],
)  # fmt: skip
def test_each_failure_has_its_code_and_the_next_search_works(
    site: Site, mode: str, status: int, code: str
) -> None:
    assert site.search().status_code == 200
    site.mode.write_text(mode)
    try:
        answer = site.search()
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.json()["detail"]
        health = httpx.get(f"{site.address}/health", timeout=20).json()
        assert health["status"] == "degraded"
    finally:
        site.mode.unlink()
    assert site.search().status_code == 200
    assert httpx.get(f"{site.address}/health", timeout=20).json()["status"] == "ok"


def test_a_stream_that_is_cut_ends_in_a_problem_and_the_next_works(site: Site) -> None:
    assert "event: done" in site.stream()
    site.mode.write_text("cut")
    try:
        reply = site.stream()
    finally:
        site.mode.unlink()
    assert "event: understood" in reply and '"code": "upstream-broken"' in reply
    assert "event: done" not in reply
    assert "event: done" in site.stream()


def test_an_api_that_stopped_behind_its_tunnel(site: Site) -> None:
    port = site.running.server.port
    site.running.server.stop()
    try:
        answer = site.search()
        assert (answer.status_code, answer.json()["code"]) == (502, "ngrok-8012")
    finally:
        site.running.server.start()
    assert site.running.server.port == port and site.search().status_code == 200


def test_without_the_key_there_is_401_through_the_tunnel(site: Site) -> None:
    skip = {"ngrok-skip-browser-warning": "1"}
    for key, code in (({}, "no-key"), ({"X-API-Key": "wrong"}, "wrong-key")):
        answer = httpx.get(f"{site.running.public_url}/api/gallery", headers={**skip, **key})
        assert (answer.status_code, answer.json()["code"]) == (401, code)
    line = f"{site.running.public_url}#key=wrong"
    refused = httpx.put(f"{site.address}/api/upstream", json={"connection": line}, timeout=20)
    assert refused.json()["code"] == "wrong-key" and site.search().status_code == 200


def test_the_line_and_the_link_hold_address_and_key(site: Site) -> None:
    assert site.running.connection == (
        f"{site.running.public_url}#key={site.running.config.api_key}"
    )
    assert site.running.link.startswith("http://127.0.0.1:8000/#connect=http")
    assert site.running.connection in site.running.describe()
    assert site.running.link in site.running._repr_html_()


# --- tunnels that die, and cells that run again


def test_a_tunnel_that_died_is_opened_again(environment: Path, index: Path) -> None:
    running = serve_in_notebook(index, tunnel="ngrok", port=0)
    try:
        running.keeper._every_s = 0.1
        running.keeper.close()
        keeper = TunnelKeeper(tunnel_opener("ngrok", running.server.port), every_s=0.1)
        before = keeper.tunnel
        assert before.alive
        os.kill(agents(environment)[-1], signal.SIGKILL)
        assert wait_for(lambda: keeper.tunnel is not before and keeper.tunnel.alive)
        answer = httpx.get(
            f"{keeper.tunnel.public_url}/health", headers={"ngrok-skip-browser-warning": "1"}
        )
        assert answer.json()["status"] == "ok"
        keeper.close()
        assert wait_for(lambda: not agents(environment))
    finally:
        running.stop()


def test_a_tunnel_that_cannot_be_opened_again_is_tried_until_it_can() -> None:
    opened: list[Tunnel] = []
    tries: list[float] = []

    def opener() -> Tunnel:
        tries.append(time.monotonic())
        if len(tries) in (2, 3):
            raise TunnelError("no network")
        opened.append(Tunnel("ngrok", f"https://{len(tries)}", _alive=lambda: len(tries) > 3))
        return opened[-1]

    keeper = TunnelKeeper(opener, every_s=0.02)
    assert wait_for(lambda: keeper.tunnel.public_url == "https://4")
    keeper.close()
    assert len(tries) == 4


def test_errors_of_the_agent_say_what_to_do_in_both_languages(
    environment: Path, index: Path
) -> None:
    (environment / "mode").write_text("refuse 334")
    try:
        with pytest.raises(TunnelError) as raised:
            serve_in_notebook(index, tunnel="ngrok", port=0)
    finally:
        (environment / "mode").unlink()
    assert "already online" in str(raised.value) and "đang được dùng" in str(raised.value)
    assert "timanh-api" not in [thread.name for thread in threading.enumerate()]


def test_twenty_runs_of_the_cell_leave_one_server_one_port_one_tunnel(
    environment: Path, index: Path
) -> None:
    running = serve_in_notebook(index, tunnel="ngrok", port=0)
    port = running.server.port
    for _ in range(20):
        running = serve_in_notebook(index, tunnel="ngrok", port=port)
        names = [thread.name for thread in threading.enumerate()]
        assert names.count("timanh-api") == names.count("timanh-tunnel") == 1
        assert running.server.port == port and len(agents(environment)) == 1
    assert running.ask("a dog")["results"]
    running.stop()
    assert wait_for(lambda: not agents(environment))
    names = [thread.name for thread in threading.enumerate()]
    assert not {"timanh-api", "timanh-tunnel", "timanh-encode"} & set(names)
