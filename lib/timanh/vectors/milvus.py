"""A dictionary in Milvus: the same vectors and items, searched by Milvus Lite or a cluster.

One collection holds the pictures, and is made anew with each copy; another says which that is,
with the manifest in pieces, because Milvus keeps no text of more than 65,535 bytes.
"""

import json
import threading
import uuid
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymilvus import DataType, MilvusClient

from timanh.errors import (
    DictionaryDamagedError,
    DictionaryError,
    DictionaryNotFoundError,
    SettingsError,
)
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.held import COPIED_ROWS, HeldDictionary
from timanh.vectors.items import write_lines
from timanh.vectors.manifest import parse
from timanh.vectors.milvus_server import connect, telling
from timanh.vectors.parts import Parts
from timanh.vectors.topk import Best

HEAD = "timanh_gallery"
PICTURES = "timanh_pictures_"
MOST_TEXT = 65_535
PIECE = 16_000
# Milvus refuses to find more at once.
MOST_FOUND = 16_384
INSERTED_ROWS = 2048
# Over 100,000 its graph took four minutes, and the call broke off before it was there.
MOST_IN_LITE = 20_000
METRIC = "IP"
GRAPH = {"M": 24, "efConstruction": 128}
FIRST_EFFORT = 64


class MilvusDictionary(HeldDictionary):
    """As `HeldDictionary`, in Milvus."""

    def __init__(self, address: str, folder: Path) -> None:
        """Raises:
        DictionaryNotFoundError: the server holds no gallery.
        EngineGoneError: the server is not there.
        DictionaryError: it refuses, or another program has the file of Milvus Lite open.
        """
        self.url = address
        self._lock = threading.Lock()
        self._client: MilvusClient | None = None
        head = self._read_head()
        self._collection = str(head["collection"])
        self._effort: int | None = head["effort"]
        try:
            manifest = parse(head["manifest"])
        except (KeyError, TypeError, ValueError) as error:
            raise DictionaryDamagedError(
                f"What {address} says about its gallery cannot be read ({error})."
            ) from error
        super().__init__(address, folder, manifest, int(head["count"]))

    def fetch_vectors(self, rows: list[int]) -> dict[int, NDArray[np.float32]]:
        found = self._get(rows, "vector")
        return {int(one["row"]): np.asarray(one["vector"], np.float32) for one in found}

    def fetch_items(self, rows: list[int]) -> dict[int, bytes]:
        return {int(one["row"]): str(one["item"]).encode() for one in self._get(rows, "item")}

    def find_row(self, id: str) -> int | None:
        wanted = f"id == {json.dumps(id, ensure_ascii=False)}"
        found = self.ask("query", self._collection, filter=wanted, output_fields=["row"])
        return int(found[0]["row"]) if found else None

    def nearest(self, query: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
        return self._search(query, k, "")

    def nearest_among(
        self, query: NDArray[np.float32], k: int, rows: NDArray[np.int64]
    ) -> list[tuple[int, float]]:
        if self._effort is None and k <= MOST_FOUND:
            found = self._search(query, k, f"row in {rows.tolist()}")
            if len(found) == k:
                return found
        best = Best(k)
        for first in range(0, len(rows), COPIED_ROWS):
            block = rows[first : first + COPIED_ROWS]
            best.add(self.parts.take(block) @ query, block)
        return list(zip(best.rows.tolist(), best.scores.tolist(), strict=True))

    def make_index(self, source: Parts, queries: NDArray[np.float32]) -> None:
        # Milvus joins vectors as they are; what the queries are like is of no use to it.
        if "://" not in self.url and len(self) > MOST_IN_LITE:
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
        return len(self) * 2 * GRAPH["M"] * 4  # Milvus does not tell: links alone

    def ask(self, call: str, *values: Any, **named: Any) -> Any:
        """What a method of `MilvusClient` gives.

        Raises:
            EngineGoneError: the server is gone.
            DictionaryError: it refuses.
        """
        with telling(self.url):
            return getattr(self._connected(), call)(*values, **named)

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _connected(self) -> MilvusClient:
        with self._lock:
            if self._client is None:
                self._client = connect(self.url)
            return self._client

    def _get(self, rows: list[int], field: str) -> Any:
        return self.ask("get", self._collection, ids=rows, output_fields=["row", field])

    def _search(self, query: NDArray[np.float32], k: int, wanted: str) -> list[tuple[int, float]]:
        if k > MOST_FOUND:
            return []
        effort = {} if self._effort is None else {"ef": max(self._effort, k)}
        found = self.ask(
            "search",
            self._collection,
            [query.tolist()],
            limit=k,
            filter=wanted,
            search_params={"metric_type": METRIC, "params": effort},
        )[0]
        pairs = [(int(hit["row"]), float(hit["distance"])) for hit in found]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def _set_index(self, kind: str, params: dict[str, Any]) -> None:
        with telling(self.url):
            client = self._connected()
            client.release_collection(self._collection)
            client.drop_index(self._collection, "vector")
            client.create_index(self._collection, _index(client, kind, params))
            client.load_collection(self._collection)

    def _keep(self, effort: int | None, measured: dict[str, Any]) -> None:
        self._effort = effort
        with telling(self.url):
            _write_head(
                self._connected(), {**self._read_head(), "effort": effort, "tuned": measured}
            )

    def _read_head(self) -> dict[str, Any]:
        pieces = []
        if self.ask("has_collection", HEAD):
            self.ask("load_collection", HEAD)
            found = self.ask("query", HEAD, filter="row >= 0", output_fields=["row", "text"])
            pieces = [one["text"] for one in sorted(found, key=lambda one: int(one["row"]))]
        if not pieces:
            raise DictionaryNotFoundError(
                f"{self.url} holds no gallery. Search a dictionary with `--engine`, which copies "
                "it there."
            )
        return dict(json.loads("".join(pieces)))


def to_milvus(dictionary: VectorDictionary, address: str) -> MilvusDictionary:
    """Copy a dictionary in place of what the server holds; a copy that fails leaves the former.

    Raises:
        EngineGoneError: the server is not there.
        DictionaryError: it refuses, or a picture has more captions than Milvus keeps of a text.
    """
    try:
        before: MilvusDictionary | None = MilvusDictionary(address, dictionary.folder)
    except DictionaryNotFoundError:
        before = None
    effort = None
    if before is not None:
        same = before.fingerprint == dictionary.fingerprint
        effort = before._effort if same else None
        before.close()
    with telling(address):
        client = connect(address)
        try:
            _copy(client, dictionary, effort)
        finally:
            client.close()
    return MilvusDictionary(address, dictionary.folder)


def _copy(client: MilvusClient, dictionary: VectorDictionary, effort: int | None) -> None:
    name = PICTURES + uuid.uuid4().hex
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("row", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dictionary.dim)
    schema.add_field("id", DataType.VARCHAR, max_length=64)
    schema.add_field("path", DataType.VARCHAR, max_length=MOST_TEXT)
    schema.add_field("item", DataType.VARCHAR, max_length=MOST_TEXT)
    kind, params = ("FLAT", {}) if effort is None else ("HNSW", GRAPH)
    client.create_collection(
        name, schema=schema, index_params=_index(client, kind, params), consistency_level="Strong"
    )
    try:
        for first, block in dictionary.parts.blocks(INSERTED_ROWS):
            client.insert(name, [_row(dictionary, row, v) for row, v in enumerate(block, first)])
        client.flush(name)
        client.load_collection(name)
        manifest = {**dictionary.manifest.to_json(), "gallery": str(dictionary.gallery)}
        head = {"collection": name, "count": len(dictionary), "effort": effort}
        _write_head(client, {**head, "manifest": manifest})
    except BaseException:
        client.drop_collection(name)
        raise
    for other in client.list_collections():
        if other.startswith(PICTURES) and other != name:
            client.drop_collection(other)


def _row(dictionary: VectorDictionary, row: int, vector: NDArray[np.float32]) -> dict[str, Any]:
    item = dictionary.item(row)
    text = write_lines([item]).decode("utf8")
    if len(text.encode()) > MOST_TEXT:
        raise DictionaryError(
            f"What is known about {item.path} takes {len(text.encode()):,} bytes; Milvus keeps "
            f"{MOST_TEXT:,}. Give it fewer captions, or use --engine postgres."
        )
    return {"row": row, "vector": vector, "id": item.id, "path": item.path, "item": text}


def _write_head(client: MilvusClient, head: dict[str, Any]) -> None:
    """One collection of one value: written anew as a whole."""
    text = json.dumps(head)
    if client.has_collection(HEAD):
        client.drop_collection(HEAD)
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("row", DataType.INT64, is_primary=True)
    # Milvus has no collection without a vector.
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("text", DataType.VARCHAR, max_length=MOST_TEXT)
    client.create_collection(
        HEAD, schema=schema, index_params=_index(client, "FLAT", {}), consistency_level="Strong"
    )
    pieces = [text[first : first + PIECE] for first in range(0, len(text), PIECE)]
    rows = [{"row": row, "vector": [0.0, 0.0], "text": own} for row, own in enumerate(pieces)]
    client.insert(HEAD, rows)
    client.flush(HEAD)


def _index(client: MilvusClient, kind: str, params: dict[str, Any]) -> Any:
    index = client.prepare_index_params()
    index.add_index("vector", index_type=kind, metric_type=METRIC, params=params)
    return index
