"""The API in Colab: secrets that are refused, tunnels that die, and no link that leads nowhere."""

import os
import signal
from pathlib import Path

import pytest
from serving.test_tunnel import agents, environment, index, wait_for

from timanh.serving import open_tunnel, serve_in_notebook
from timanh.serving.keeper import TunnelKeeper
from timanh.serving.tunnel import Tunnel

__all__ = ["environment", "index"]  # fixtures


@pytest.fixture
def in_colab(colab: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Colab's stand-in, whose file says who read which secret."""
    monkeypatch.delenv("NGROK_AUTHTOKEN", raising=False)
    monkeypatch.delenv("NGROK_DOMAIN", raising=False)
    monkeypatch.setenv("STANDIN_SECRETS_READ", str(tmp_path / "read"))
    return tmp_path / "read"


@pytest.mark.parametrize(
    ("refusal", "why"),
    [("", "there is no NGROK_AUTHTOKEN"), ("timeout", "nobody answered"),
     ("denied", "may not read the secret"), ("broken", "no parent message")],
)  # fmt: skip
def test_a_refused_secret_means_no_tunnel_and_says_why(
    in_colab: Path, monkeypatch: pytest.MonkeyPatch, refusal: str, why: str
) -> None:
    monkeypatch.setenv("STANDIN_NGROK_AUTHTOKEN", refusal)
    tunnel = open_tunnel("ngrok", 1)
    assert (tunnel.kind, tunnel.public_url) == ("none", None)
    assert why in (tunnel.notice or "") and "Không có đường hầm" in (tunnel.notice or "")


def test_a_token_is_read_once_and_a_tunnel_that_died_needs_it_no_more(
    in_colab: Path, environment: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANDIN_NGROK_AUTHTOKEN", "token")
    monkeypatch.setitem(TunnelKeeper.__init__.__kwdefaults__, "every_s", 0.1)
    running = serve_in_notebook(index, tunnel="ngrok", port=0)
    try:
        before = running.keeper.tunnel
        monkeypatch.setenv("STANDIN_NGROK_AUTHTOKEN", "timeout")  # nobody is there any more
        os.kill(agents(environment)[-1], signal.SIGKILL)
        assert wait_for(lambda: running.keeper.tunnel is not before and before is not None)
        assert running.keeper.tunnel.kind == "ngrok" and running.keeper.tunnel.alive
        assert running.public_url and running.connectable
    finally:
        running.stop()
    read = in_colab.read_text().splitlines()
    assert read == ["NGROK_AUTHTOKEN on MainThread", "NGROK_DOMAIN on MainThread"]


def test_no_tunnel_is_never_one_that_was_opened_again() -> None:
    answers = [
        Tunnel("ngrok", "https://1", _alive=lambda: False),
        Tunnel("none", notice="no token"),
        OSError("an error of another program"),
        Tunnel("ngrok", "https://2"),
    ]
    tries: list[int] = []

    def opener() -> Tunnel:
        tries.append(len(tries))
        answer = answers[tries[-1]]
        if isinstance(answer, OSError):
            raise answer
        return answer

    keeper = TunnelKeeper(opener, every_s=0.02)
    seen = set()
    assert wait_for(lambda: seen.add(keeper.tunnel.kind) or keeper.tunnel.public_url == "https://2")
    keeper.close()
    assert seen == {"ngrok"} and len(tries) == 4


def test_in_colab_without_a_tunnel_no_link_to_its_own_machine_is_shown(
    in_colab: Path, environment: Path, index: Path
) -> None:
    running = serve_in_notebook(index, tunnel="ngrok", port=0)
    try:
        for shown in (running.describe(), running._repr_html_()):
            assert "127.0.0.1" not in shown and "TUNNEL" in shown
        assert "127.0.0.1" not in repr(running)
        assert running.ask("a dog")["results"]
    finally:
        running.stop()
