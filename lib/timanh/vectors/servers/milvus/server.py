"""Connecting to Milvus: a cluster or server by its URL, or Milvus Lite over a file."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from pymilvus import MilvusClient
from pymilvus.exceptions import MilvusException

from timanh.errors import DictionaryError, EngineGoneError

CONNECT_S = 10.0
# "user:password" or an API key, for servers that ask for one.
TOKEN = "TIMANH_MILVUS_TOKEN"
# What pymilvus gives for a server that is not there, beside what gRPC itself raises.
GONE = (1, 2)
OPENING = "Open local milvus failed"
GONE_WORDS = ("connect", "unavailable", "deadline", "timeout", "closed")


def connect(address: str) -> MilvusClient:
    """A client of the server at a URL, or of Milvus Lite over a file."""
    # It logs each failure with its stack; what we raise says it in a sentence.
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    token = os.environ.get(TOKEN, "") if "://" in address else ""
    return MilvusClient(address, token=token, timeout=CONNECT_S)


def embedded_file(folder: Path) -> str:
    """Where Milvus Lite keeps a gallery in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder / "gallery.db")


@contextmanager
def translate_errors(address: str) -> Iterator[None]:
    """Turn what pymilvus raises into one sentence."""
    try:
        yield
    except (MilvusException, grpc.RpcError, OSError, ValueError) as error:
        reason = " ".join(str(getattr(error, "message", "") or error).split())
        if OPENING in reason:
            raise DictionaryError(
                f"Milvus Lite cannot open {address}. It serves one program at a time: end the "
                "other, or give the URL of a Milvus server. If no other program uses it, delete "
                "the file; the next search copies the vectors again."
            ) from error
        if is_gone(error, reason):
            raise EngineGoneError(
                f"Milvus at {address} does not answer ({reason}). Check that the server runs and "
                "that the URL is right; the next search tries again."
            ) from error
        raise DictionaryError(
            f"Milvus at {address} refused ({reason}). Check its version, and {TOKEN} where it "
            "asks for a token."
        ) from error


def is_gone(error: Any, reason: str) -> bool:
    """Whether the server was not there, rather than unwilling."""
    if isinstance(error, grpc.RpcError):
        return True
    code = getattr(error, "code", None)
    return code in GONE and any(word in reason.lower() for word in GONE_WORDS)
