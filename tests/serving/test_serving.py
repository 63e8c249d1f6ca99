"""The server thread, the translator and the tunnels, each when things go wrong."""

import os
import socket
import sys
import threading
import time
import urllib.request
from email.message import Message
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from upstream_standin import free_port

from timanh.errors import PortTakenError, SettingsError, TunnelError
from timanh.serving import ApiServer, ServeConfig, cloudflared, open_tunnel
from timanh.serving.ngrok import ngrok_advice

STANDINS = Path(__file__).parents[1] / "standins"


def app() -> FastAPI:
    made = FastAPI()
    made.get("/")(lambda: "here")
    return made


def fetch(url: str) -> bytes:
    request = urllib.request.Request(url, headers={"ngrok-skip-browser-warning": "1"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return bytes(answer.read())


def test_a_taken_port_says_what_to_do() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"Port {port} is taken"):
            ApiServer(app(), port=port).start()


def test_twenty_starts_on_one_port_leave_one_thread_and_then_none() -> None:
    server = ApiServer(app(), port=0).start()
    for _ in range(20):
        server.stop()
        server.start()
        names = [thread.name for thread in threading.enumerate()]
        assert names.count("timanh-api") == 1
        assert fetch(server.url) == b'"here"'
    server.stop()
    assert "timanh-api" not in [thread.name for thread in threading.enumerate()]


def test_answers_do_not_wait_for_acknowledgements() -> None:
    with ApiServer(app(), port=0) as server, httpx.Client() as client:
        took = []
        for _ in range(30):
            began = time.perf_counter()
            client.get(server.url)
            took.append(time.perf_counter() - began)
        # The fastest, because the machine may be busy; a delayed acknowledgement costs 40 ms.
        assert sorted(took)[3] < 0.03


def test_it_answers_while_the_caller_computes() -> None:
    with ApiServer(app(), port=0) as server:
        answers: list[bytes] = []
        asking = threading.Thread(target=lambda: answers.append(fetch(server.url)))
        asking.start()
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            sum(range(1000))
        assert answers == [b'"here"']
        asking.join()


# --- tunnels


def test_without_a_token_there_is_no_tunnel_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NGROK_AUTHTOKEN", raising=False)
    tunnel = open_tunnel("ngrok", 1234)
    assert tunnel.public_url is None and "NGROK_AUTHTOKEN" in (tunnel.notice or "")
    with pytest.raises(SettingsError, match="Choose none, ngrok or cloudflared"):
        open_tunnel("carrier pigeon", 1)


def test_a_tunnel_carries_requests_until_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYNGROK_NGROK_PATH", str(STANDINS / "ngrok"))
    with ApiServer(app(), port=0) as server:
        tunnel = open_tunnel("ngrok", server.port, token="t")
        assert tunnel.public_url and tunnel.public_url != server.url
        assert fetch(tunnel.public_url) == b'"here"'
        tunnel.close()
        with pytest.raises(OSError):
            fetch(tunnel.public_url)


def test_cloudflared_missing_or_silent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CLOUDFLARED_PATH", raising=False)
    with pytest.raises(TunnelError, match="Install it"):
        open_tunnel("cloudflared", 1)
    script = tmp_path / "cloudflared"
    script.write_text("#!/bin/sh\necho 'failed to dial' >&2\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setenv("CLOUDFLARED_PATH", str(script))
    with pytest.raises(TunnelError, match="failed to dial"):
        open_tunnel("cloudflared", 1)
    script.write_text(
        "#!/bin/sh\necho '|  https://a-b.trycloudflare.com  |' >&2\nexec /bin/sleep 60\n"
    )
    tunnel = open_tunnel("cloudflared", 1)
    assert tunnel.public_url == "https://a-b.trycloudflare.com"
    tunnel.close()


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("https://github.com/cloudflare/cloudflared/releases/latest/download/x", True),
        ("https://release-assets.githubusercontent.com/x?sig=1", True),
        ("http://github.com/x", False), ("https://evilgithub.com/x", False),
        ("https://github.com.example.org/x", False), ("https://github.com@example.org/x", False),
        ("file:///etc/passwd", False),
    ],
)  # fmt: skip
def test_cloudflared_comes_from_github_only(address: str, trusted: bool) -> None:
    assert cloudflared.is_trusted(address) == trusted
    following = cloudflared.OnlyTrusted()
    request = urllib.request.Request(f"{cloudflared.RELEASES}/x")
    if not trusted:
        with pytest.raises(OSError, match="which is not GitHub"):
            following.redirect_request(request, BytesIO(), 302, "", Message(), address)  # type: ignore[arg-type]
    assert cloudflared.is_trusted(cloudflared.RELEASES)


@pytest.mark.skipif(sys.platform != "linux", reason="Colab is Linux")
def test_in_colab_cloudflared_is_fetched_once_and_must_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    came = [
        b"<html>not found</html>",
        cloudflared.ELF + b"cut short",
        Path("/bin/true").read_bytes(),
    ]
    addresses: list[str] = []

    def opened(_: object, address: str, timeout: float) -> BytesIO:
        addresses.append(address)
        return BytesIO(came[len(addresses) - 1])

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", opened)
    for reason in ("not a Linux program", "cloudflared-linux"):
        with pytest.raises(TunnelError, match=reason) as raised:
            cloudflared.fetch_cloudflared(tmp_path)
        assert "CLOUDFLARED_PATH" in str(raised.value) and not list(tmp_path.iterdir())
    program = cloudflared.fetch_cloudflared(tmp_path)
    assert os.access(program, os.X_OK) and cloudflared.fetch_cloudflared(tmp_path) == program
    assert len(addresses) == 3 and all(
        address.startswith(cloudflared.RELEASES) for address in addresses
    )


def test_where_cloudflared_cannot_be_fetched_it_is_said_how_else(
    colab: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("CLOUDFLARED_PATH", raising=False)
    monkeypatch.setattr(cloudflared, "RELEASES", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(TunnelError, match="could not be fetched from http://127.0.0.1"):
        open_tunnel("cloudflared", 1)


@pytest.mark.parametrize(
    ("code", "advice"),
    [("105", "malformed"), ("107", "revoked"), ("108", "Stop the other"), ("334", "already online"),
     ("4018", "account"), ("727", "quota"), ("3200", "closed"), ("8012", "not running")],
)  # fmt: skip
def test_known_errors_say_what_to_do(code: str, advice: str) -> None:
    assert advice in ngrok_advice(f"failed: something\nERR_NGROK_{code}\n")
    assert "strange" in ngrok_advice("strange things")


def test_a_public_port_gets_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIMANH_API_KEY", raising=False)
    assert ServeConfig(Path("x")).completed().api_key is None
    assert len(ServeConfig(Path("x"), tunnel="ngrok").completed().api_key or "") > 20
    assert len(ServeConfig(Path("x"), host="0.0.0.0").completed().api_key or "") > 20
    with pytest.raises(SettingsError):
        ServeConfig(Path("x"), port=99999).completed()
