"""The port of the backend, and each cause for which it cannot listen there."""

import errno
import socket

from utils.config import HOST


def listen(port: int) -> socket.socket:
    """A socket that listens on this machine only.

    Raises:
        OSError: it cannot; `str(error)` is a sentence that says why.
    """
    # The protocol is named because asyncio sends without delay (TCP_NODELAY) only then.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows, where two could share a port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, port))
        sock.listen(2048)
    except (OSError, OverflowError) as error:
        sock.close()
        raise OSError(_message(error, port)) from error
    return sock


def _message(error: OSError | OverflowError, port: int) -> str:
    if isinstance(error, OverflowError):
        return f"Port must lie between 1 and 65535; got {port}."
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program. Stop it, or take another with --port."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"This user may not listen on port {port}. Take one above 1023 with --port."
    return f"Nothing can listen on port {port} ({error.strerror}). Take another with --port."
