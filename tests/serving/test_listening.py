"""Where `serve` listens, each cause for which it cannot, and the keys it takes."""

import errno
import os
import socket
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from timanh.errors import PortTakenError, SettingsError, TimAnhError
from timanh.serving import ApiServer, Running, ServeConfig, listening
from timanh.serving.keeper import TunnelKeeper
from timanh.serving.listening import is_loopback, listen, without_proxy_on_this_machine
from timanh.serving.tunnels import tunnel_opener


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


def said(host: str, port: int = 0) -> str:
    with pytest.raises(TimAnhError) as raised:
        listen(host, port).close()
    return str(raised.value)


def app() -> FastAPI:
    made = FastAPI()
    made.get("/")(lambda: "here")
    made.post("/api/search")(lambda: {"results": []})
    return made


# --- each cause in its own words


@pytest.mark.parametrize("host", ["no-such-machine.invalid", "a..b", "x" * 300, "1.2.3.4.5", "\0"])
def test_an_unknown_host_says_so(host: str) -> None:
    assert "No machine called" in said(host) and "taken" not in said(host)


@pytest.mark.parametrize("host", ["192.0.2.7", "2001:db8::7"])
def test_an_address_of_another_machine_says_so(host: str) -> None:
    assert f"{host} is not an address of this machine" in said(host)


@needs_ipv6
@pytest.mark.parametrize("host", ["fe80::1%no-such", "[fe80::1%no-such]", "fe80::1%4000000"])
def test_an_unknown_interface_is_named_with_those_there_are(host: str) -> None:
    words = said(host)
    assert f"the network interface {host.strip('[]').partition('%')[2]}, which" in words
    assert all(name in words for _, name in socket.if_nameindex())


@needs_ipv6
def test_an_address_of_one_interface_needs_its_name() -> None:
    assert "valid on one network interface only" in said("fe80::1")


def test_a_taken_port_says_so() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"Port {port} is taken"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize(
    ("cause", "port", "words"),
    [
        (errno.EACCES, 80, "ports below 1024 are for the system's administrator"),
        (errno.EACCES, 8001, "does not let this user listen on port 8001"),
        (errno.EAFNOSUPPORT, 8001, "is not an address of this machine"),
        (errno.EADDRINUSE, 65535, "--port 65525"),
        (errno.ENOBUFS, 8001, "Nothing can listen on 127.0.0.1, port 8001"),
    ],
)
def test_what_the_system_refuses_is_said(
    monkeypatch: pytest.MonkeyPatch, cause: int, port: int, words: str
) -> None:
    """A test that runs as administrator is refused nothing, so the refusal is put in."""

    class Refusing(socket.socket):
        def bind(self, address: object) -> None:
            raise OSError(cause, os.strerror(cause))

    monkeypatch.setattr(listening.socket, "socket", Refusing)
    assert words in said("127.0.0.1", port)


def test_it_is_said_before_a_model_is_loaded(tmp_path: Path) -> None:
    from timanh.serving.starting import start

    with pytest.raises(SettingsError, match="is not an address of this machine"):
        start(ServeConfig(tmp_path / "no dictionary here", host="192.0.2.7"))


# --- what it listens on


@needs_ipv6
@pytest.mark.parametrize(
    ("host", "reached"), [("::1", ["[::1]"]), ("[::1]", ["[::1]"]), ("::", ["[::1]", "127.0.0.1"])]
)
def test_ipv6(host: str, reached: list[str]) -> None:
    with ApiServer(app(), host, port=0) as server:
        assert server.url == f"http://[::1]:{server.port}"
        for name in reached:
            assert httpx.get(f"http://{name}:{server.port}/").json() == "here"


def test_only_this_machine_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIMANH_API_KEY", raising=False)
    for host in ("127.0.0.1", "127.0.0.2", "::1", "[::1]", "localhost"):
        assert is_loopback(host) and ServeConfig(Path("x"), host=host).completed().api_key is None
    for host in ("0.0.0.0", "::", "", "192.168.1.5"):
        assert not is_loopback(host) and ServeConfig(Path("x"), host=host).completed().api_key


def test_a_tunnel_that_would_lead_nowhere_is_refused() -> None:
    for host in ("::1", "192.168.1.5"):
        with pytest.raises(SettingsError, match="does not answer there"):
            ServeConfig(Path("x"), host=host, tunnel="ngrok").completed()


# --- keys that no header can carry


@pytest.mark.parametrize("key", ["two words", "chìa-khóa", "a\tb", "a\nb", "x" * 513, "…"])
def test_keys_that_cannot_be_sent_are_refused(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    with pytest.raises(SettingsError, match="blank") as raised:
        ServeConfig(Path("x"), api_key=key).completed()
    assert key not in str(raised.value)
    if "\0" not in key:
        monkeypatch.setenv("TIMANH_API_KEY", key)
        with pytest.raises(SettingsError, match="blank"):
            ServeConfig(Path("x")).completed()


def test_blanks_around_a_key_are_no_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ServeConfig(Path("x"), api_key=" sesame\n").completed().api_key == "sesame"
    monkeypatch.setenv("TIMANH_API_KEY", " \n")
    assert ServeConfig(Path("x")).completed().api_key is None


# --- a proxy is for the world


def test_libraries_reach_this_machine_without_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY", "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
                 "all_proxy", "ALL_PROXY"):  # fmt: skip
        monkeypatch.setenv(name, "")
    without_proxy_on_this_machine()
    assert not os.environ["no_proxy"]  # a proxy of the system's settings stays as it is
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "intranet.example, localhost")
    without_proxy_on_this_machine()
    assert os.environ["no_proxy"] == "intranet.example,localhost,127.0.0.1,::1"
    monkeypatch.setenv("no_proxy", "*")
    without_proxy_on_this_machine()
    assert os.environ["no_proxy"] == "*"


@pytest.mark.parametrize("kind", ["none", "ngrok"])
def test_what_runs_here_is_reached_without_the_proxy(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("PYNGROK_NGROK_PATH", str(Path(__file__).parents[1] / "standins" / "ngrok"))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "intranet.example")
    with ApiServer(app(), port=0) as server:
        keeper = TunnelKeeper(tunnel_opener(kind, server.port, token="t"))
        running = Running(server, keeper, ServeConfig(Path("x"), tunnel=kind), 0, "tiny")
        try:
            assert keeper.tunnel.alive and running.ask("a dog") == {"results": []}
        finally:
            running.stop()
