"""Where a server listens: sockets of IPv4 and IPv6, and a message for each cause of failure."""

import contextlib
import errno
import os
import socket
from ipaddress import ip_address
from typing import Any

from timanh.errors import PortTakenError, SettingsError

EVERYWHERE = ("", "0.0.0.0", "::")


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes any that is free.

    `::` listens for IPv4 too, where the system can.

    Raises:
        PortTakenError: something else listens there.
        SettingsError: an unknown host, an address of another machine, or a port without the right.
    """
    family, address = _resolve(host, port)
    # The protocol is named because asyncio sends without delay (TCP_NODELAY) only then; else each
    # answer waits 40 ms for the client's acknowledgement of its head.
    sock = None
    try:
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows, where two could share a port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # A port of a server stopped a moment ago may be used again at once.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if unbracket(host) == "::":
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(address)
        sock.listen(128)
    except OSError as error:
        if sock is not None:
            sock.close()
        raise _to_library_error(error, host, port) from error
    return sock


def url_of(host: str, port: int) -> str:
    """The address of a server on this machine that listens on `host`."""
    name = unbracket(host)
    name = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)
    return f"http://[{name.replace('%', '%25')}]:{port}" if ":" in name else f"http://{name}:{port}"


def unbracket(host: str) -> str:
    """Without the brackets that an IPv6 address has in a URL."""
    return host.strip().removeprefix("[").removesuffix("]")


def is_loopback(host: str) -> bool:
    """Whether it means this machine and is reached by nobody else."""
    if unbracket(host).lower() == "localhost":
        return True
    try:
        return ip_address(unbracket(host)).is_loopback
    except ValueError:
        return False


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    """The first address of a host, of IPv4 where it has one."""
    try:
        found = socket.getaddrinfo(
            unbracket(host) or "0.0.0.0", port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (socket.gaierror, ValueError) as error:  # ValueError: a name that no name can be
        if _interface(host):
            raise _unknown_interface(host) from error
        raise SettingsError(
            f"No machine called {host!r} is known here. Listen on 127.0.0.1 for this machine "
            "only, or on 0.0.0.0 for all its networks:",
            cli="--host 127.0.0.1.",
            notebook='host="127.0.0.1".',
        ) from error
    family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, address


def _interface(host: str) -> str:
    """What follows the % of an IPv6 address; empty for any other host."""
    address, _, name = unbracket(host).partition("%")
    return name if ":" in address else ""


def _unknown_interface(host: str) -> SettingsError:
    address, name = unbracket(host).partition("%")[0], _interface(host)
    known = [known for _, known in socket.if_nameindex()]
    missing = (
        f"{address}%{name} names the network interface {name}, which this machine does not have"
        if name
        else f"{address} is valid on one network interface only, so it needs its name after a %"
    )
    return SettingsError(
        f"{missing}. Its interfaces are: {', '.join(known)}. Name one:",
        cli=f"--host {address}%{known[-1]}.",
        notebook=f'host="{address}%{known[-1]}".',
    )


def _is_link_local(host: str) -> bool:
    try:
        return ip_address(unbracket(host)).is_link_local
    except ValueError:
        return False


def _to_library_error(error: OSError, host: str, port: int) -> PortTakenError | SettingsError:
    no_interface = error.errno == errno.EINVAL and _is_link_local(host) and ":" in host
    if no_interface or (error.errno in (errno.ENODEV, errno.ENXIO) and _interface(host)):
        return _unknown_interface(host)
    other = port + 10 if port + 10 <= 65535 else port - 10
    if error.errno == errno.EADDRINUSE:
        return PortTakenError(
            f"Port {port} is taken by another program ({error.strerror}). Stop it, or take "
            "another port:",
            cli=f"--port {other}.",
            notebook=f"PORT = {other}.",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return SettingsError(
            f"This user may not listen on port {port}: ports below 1024 are for the system's "
            "administrator. Take another:" if port < 1024 else
            f"The system does not let this user listen on port {port} ({error.strerror}). Take "
            "another:",
            cli="--port 8001.",
            notebook="PORT = 8001.",
        )  # fmt: skip
    if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return SettingsError(
            f"{host} is not an address of this machine"
            + (", or it has no IPv6" if ":" in host else "")
            + ". Listen on 127.0.0.1 for this machine only, or on 0.0.0.0 for all its networks:",
            cli="--host 127.0.0.1.",
            notebook='host="127.0.0.1".',
        )
    return SettingsError(
        f"Nothing can listen on {host}, port {port}: {error.strerror or error}. Take another "
        "address or port.",
        cli="--host 127.0.0.1 --port 8001.",
        notebook="PORT = 8001.",
    )


def without_proxy_on_this_machine() -> None:
    """Let libraries that go by the environment reach this machine without its proxy.

    pyngrok talks to its agent at 127.0.0.1, which no proxy can reach.
    """
    names = {name.lower() for name, value in os.environ.items() if value}
    if not names & {"http_proxy", "all_proxy"}:
        return  # and a proxy of the system's settings is not overridden by ours
    before = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    listed = [part.strip() for part in before.split(",") if part.strip()]
    if listed != ["*"]:
        missing = [name for name in ("127.0.0.1", "localhost", "::1") if name not in listed]
        os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join([*listed, *missing])
