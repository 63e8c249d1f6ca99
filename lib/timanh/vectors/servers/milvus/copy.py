"""A dictionary's vectors in Milvus, searched by Milvus Lite or a cluster.

One collection holds the vectors, another says which that is and of what state of the
dictionary. An edit changes the former, and gives it another name first.
"""

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymilvus import MilvusClient
from pymilvus.exceptions import MilvusException

from timanh.errors import DictionaryError, EngineGoneError, SettingsError
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.servers.copied_rows import CopiedRows, find_difference
from timanh.vectors.servers.milvus.copies import (
    GRAPH,
    METRIC,
    follow,
    has_captions,
    index_params,
    make_copy,
    read_head,
    write_head,
)
from timanh.vectors.servers.milvus.server import connect, translate_errors
from timanh.vectors.servers.server_copy import Found, ServerCopy, state_of

# Milvus refuses to find more at once.
MOST_FOUND = 16_384
# Over 100,000 its graph took four minutes, and the call broke off before it was there.
MOST_IN_LITE = 20_000
FIRST_EFFORT = 64


class MilvusCopy(ServerCopy):
    """As `ServerCopy`, in Milvus.

    With an index in Milvus, what has to be exact is read from the folder: it keeps one or the
    other way to search a collection. So is everything once the copy is one of a later state.
    """

    kind = "milvus"
    scans_beside_index = False

    def __init__(self, dictionary: VectorDictionary, engine: str, address: str) -> None:
        """Makes the copy where the server has none of this state of the dictionary.

        Raises:
            EngineGoneError: the server is not there.
            DictionaryError: it refuses, another program has the file of Milvus Lite open, or a
                collection named as ours is not ours.
        """
        super().__init__(dictionary, engine, address)
        self._lock = threading.Lock()
        self._client: MilvusClient | None = None
        self._collection = ""
        self._effort: int | None = None
        try:
            self._find_or_make()
        except BaseException:
            self.close()
            raise

    def nearest(self, queries: NDArray[np.float32], k: int, *, exact: bool) -> list[Found]:
        if k > MOST_FOUND or (exact and self._effort is not None):
            return self.search_folder(queries, k)
        return self._search(queries, k, None)

    def nearest_among(
        self, queries: NDArray[np.float32], k: int, rows: NDArray[np.int64]
    ) -> list[Found]:
        if self._effort is not None or len(rows) > MOST_FOUND:
            return self.search_folder(queries, k, rows)
        return self._search(queries, k, rows)

    def make_index(self, queries: NDArray[np.float32]) -> None:
        # Milvus joins vectors as they are; what the queries are like is of no use to it.
        if "://" not in self.address and len(self) > MOST_IN_LITE:
            raise SettingsError(
                f"Milvus Lite builds no graph over {len(self):,} pictures in reasonable time; up "
                f"to {MOST_IN_LITE:,} it does. Give the URL of a Milvus server, or leave it exact."
            )
        self._set_index("HNSW", GRAPH)
        self.set_effort(FIRST_EFFORT, {})

    def set_effort(self, effort: int, measured: dict[str, Any]) -> None:
        self._keep(effort, measured)

    def drop_index(self) -> None:
        if self._effort is not None:
            self._set_index("FLAT", {})
            self._keep(None, {})

    def index_bytes(self) -> int:
        return len(self) * 2 * GRAPH["M"] * 4  # Milvus does not say: links alone

    def request(self, call: str, *values: Any, **named: Any) -> Any:
        """What a method of `MilvusClient` gives.

        Raises:
            EngineGoneError: the server is gone.
            DictionaryError: it refuses.
        """
        with translate_errors(self.address):
            return getattr(self._connected(), call)(*values, **named)

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _connected(self) -> MilvusClient:
        with self._lock:
            if self._client is None:
                self._client = connect(self.address)
            return self._client

    def _find_or_make(self) -> None:
        state = state_of(self.dictionary.manifest)
        with translate_errors(self.address):
            client = self._connected()
            head = read_head(client, self.address)
            there = bool(head) and client.has_collection(head["collection"])
            if not there or head.get("state") != state:
                effort = head.get("effort") if self._encoder_of(head) else None
                head = (there and self._followed(client, head, state)) or make_copy(
                    client, self.dictionary, state, effort
                )
            client.load_collection(head["collection"])
        self._collection, self._effort = str(head["collection"]), head["effort"]
        self.copied = CopiedRows.from_json(head["copied"]) if head.get("copied") else None

    def _followed(
        self, client: MilvusClient, head: dict[str, Any], state: str
    ) -> dict[str, Any] | None:
        """The head of the copy after it has followed an edit; None where it cannot."""
        if not head.get("copied") or not self._encoder_of(head):
            return None
        copied = CopiedRows.from_json(head["copied"])
        difference = find_difference(copied, self.dictionary)
        # A copy of an earlier version has no place for what an edit brings.
        if difference is None or not has_captions(client, head["collection"]):
            return None
        try:
            return follow(client, self.dictionary, state, head, difference)
        except MilvusException:  # another program changes it at the same time
            return None

    def _encoder_of(self, head: dict[str, Any]) -> bool:
        """Whether a head is of a copy of vectors of the same encoder."""
        # Heads of the version before hold the manifest.
        former = head.get("manifest", {}).get("encoder", head).get("fingerprint")
        return bool(former == self.dictionary.fingerprint)

    def _search(
        self, queries: NDArray[np.float32], k: int, rows: NDArray[np.int64] | None
    ) -> list[Found]:
        effort = {} if self._effort is None else {"ef": max(self._effort, k)}
        try:
            answers = self.request(
                "search",
                self._collection,
                queries.tolist(),
                limit=k,
                filter="" if rows is None else f"row in {self.numbers(rows).tolist()}",
                search_params={"metric_type": METRIC, "params": effort},
            )
        except EngineGoneError:
            raise
        except DictionaryError:
            if self.request("has_collection", self._collection):
                raise
            return self.search_folder(queries, k, rows)
        pairs = ([(int(hit["row"]), float(hit["distance"])) for hit in found] for found in answers)
        return [
            self.to_rows(sorted(found, key=lambda pair: (-pair[1], pair[0]))) for found in pairs
        ]

    def _set_index(self, kind: str, params: dict[str, Any]) -> None:
        with translate_errors(self.address):
            client = self._connected()
            client.release_collection(self._collection)
            client.drop_index(self._collection, "vector")
            client.create_index(self._collection, index_params(client, kind, params))
            client.load_collection(self._collection)

    def _keep(self, effort: int | None, measured: dict[str, Any]) -> None:
        with translate_errors(self.address):
            client = self._connected()
            head = read_head(client, self.address)
            if head.get("collection") != self._collection:
                raise DictionaryError(
                    f"{self.address} was given another copy in the meantime. Run the command again."
                )
            write_head(client, {**head, "effort": effort, "tuned": measured})
        self._effort = effort
