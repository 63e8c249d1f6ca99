"""Collections of vectors in Milvus, and the one that says which of them is the copy."""

import json
import uuid
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymilvus import DataType, MilvusClient

from timanh.errors import DictionaryError
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.servers.copied_rows import CopiedRows, Difference
from timanh.vectors.servers.server_copy import machine_captions
from timanh.vectors.store.items import Item
from timanh.workspace import readable

HEAD = "timanh_gallery"
HEAD_FIELDS = {"row", "vector", "text"}
PICTURES = "timanh_pictures_"
CAPTIONS = "captions"
MOST_TEXT = 65_535
MOST_JSON = 60_000  # bytes; Milvus takes 65,536
PIECE = 16_000
INSERTED_ROWS = 2048
METRIC = "IP"
GRAPH = {"M": 24, "efConstruction": 128}


def read_head(client: MilvusClient, address: str) -> dict[str, Any]:
    """What the server says about its copy; empty where it holds none.

    Raises:
        DictionaryError: a collection of that name is somebody else's.
    """
    if not client.has_collection(HEAD):
        return {}
    fields = {field["name"] for field in client.describe_collection(HEAD)["fields"]}
    if fields != HEAD_FIELDS:
        raise DictionaryError(
            f"{address} has a collection {HEAD} that this program did not make, so it is left "
            "alone. Name another server, or search with --engine folder."
        )
    client.load_collection(HEAD)
    found = client.query(HEAD, filter="row >= 0", output_fields=["row", "text"])
    pieces = [one["text"] for one in sorted(found, key=lambda one: int(one["row"]))]
    try:
        return dict(json.loads("".join(pieces)))
    except (ValueError, TypeError):
        return {}  # it was cut off; the copy is made again


def make_copy(
    client: MilvusClient, dictionary: VectorDictionary, state: str, effort: int | None
) -> dict[str, Any]:
    """Copy a dictionary in place of what the server holds; a copy that fails leaves the former."""
    name = PICTURES + uuid.uuid4().hex
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("row", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dictionary.dim)
    schema.add_field("id", DataType.VARCHAR, max_length=64)
    schema.add_field("path", DataType.VARCHAR, max_length=MOST_TEXT)
    schema.add_field(CAPTIONS, DataType.JSON)
    kind, params = ("FLAT", {}) if effort is None else ("HNSW", GRAPH)
    client.create_collection(
        name,
        schema=schema,
        index_params=index_params(client, kind, params),
        consistency_level="Strong",
    )
    copied = CopiedRows.begin(dictionary)
    try:
        _insert(client, name, dictionary, copied, np.arange(len(dictionary), dtype=np.int64))
        client.load_collection(name)
        head = {
            "collection": name,
            "state": state,
            "copied": copied.to_json(),
            "fingerprint": dictionary.fingerprint,
            "effort": effort,
        }
        write_head(client, head)
    except BaseException:
        client.drop_collection(name)
        raise
    for other in client.list_collections():
        if other.startswith(PICTURES) and other != name:
            client.drop_collection(other)
    return head


def follow(
    client: MilvusClient,
    dictionary: VectorDictionary,
    state: str,
    head: dict[str, Any],
    difference: Difference,
) -> dict[str, Any]:
    """Let the copy follow an edit.

    Under its new name nobody finds it who has an earlier state open. Until the head has that name
    it counts as gone, so that a copy that was changed by half is made again.
    """
    name = PICTURES + uuid.uuid4().hex
    client.rename_collection(head["collection"], name)
    removed = difference.removed.tolist()
    for first in range(0, len(removed), INSERTED_ROWS):
        client.delete(name, ids=removed[first : first + INSERTED_ROWS])
    _insert(client, name, dictionary, difference.copied, difference.added)
    head = {**head, "collection": name, "state": state, "copied": difference.copied.to_json()}
    write_head(client, head)
    return head


def _insert(
    client: MilvusClient,
    name: str,
    dictionary: VectorDictionary,
    copied: CopiedRows,
    rows: NDArray[np.int64],
) -> None:
    for first in range(0, len(rows), INSERTED_ROWS):
        some = rows[first : first + INSERTED_ROWS]
        lines = []
        for row, number, vector in zip(
            some, copied.numbers(some).tolist(), dictionary.vectors_of(some), strict=True
        ):
            item = dictionary.item(row)
            path = readable(item.path)
            lines.append(
                {"row": number, "vector": vector, "id": item.id, "path": path,
                 CAPTIONS: _captions(item)}
            )  # fmt: skip
        client.insert(name, lines)
    client.flush(name)


def has_captions(client: MilvusClient, name: str) -> bool:
    """Whether a copy has a place for captions; those of an earlier version have none."""
    fields = client.describe_collection(name)["fields"]
    return any(field["name"] == CAPTIONS for field in fields)


def _captions(item: Item) -> dict[str, list[Any]]:
    """What people and machines wrote; of people's as many as Milvus takes."""
    people = [readable(caption) for caption in item.captions]
    found: dict[str, list[Any]] = {"person": people, "machine": machine_captions(item)}
    while people and len(json.dumps(found).encode()) > MOST_JSON:
        people.pop()
    return found


def write_head(client: MilvusClient, head: dict[str, Any]) -> None:
    """One collection of one value: written again as a whole."""
    text = json.dumps(head)
    if client.has_collection(HEAD):
        client.drop_collection(HEAD)
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("row", DataType.INT64, is_primary=True)
    # Milvus has no collection without a vector.
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("text", DataType.VARCHAR, max_length=MOST_TEXT)
    client.create_collection(
        HEAD,
        schema=schema,
        index_params=index_params(client, "FLAT", {}),
        consistency_level="Strong",
    )
    pieces = [text[first : first + PIECE] for first in range(0, len(text), PIECE)]
    rows = [{"row": row, "vector": [0.0, 0.0], "text": piece} for row, piece in enumerate(pieces)]
    client.insert(HEAD, rows)
    client.flush(HEAD)


def index_params(client: MilvusClient, kind: str, params: dict[str, Any]) -> Any:
    index = client.prepare_index_params()
    index.add_index("vector", index_type=kind, metric_type=METRIC, params=params)
    return index
