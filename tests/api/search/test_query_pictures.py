"""A picture of the gallery in a query travels by its id; words beyond the limit are told."""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pixel_encoder import PixelEncoder, make_pictures

from timanh.api import ApiConfig, create_app
from timanh.models.encoder import TextLength
from timanh.models.torch_encoder import TorchEncoder
from timanh.search import SearchEngine
from timanh.vectors import VectorDictionary, build_dictionary


class FiveWords(PixelEncoder):
    """Reads five words and no more."""

    max_tokens = 5

    def text_length(self, text: str) -> TextLength:
        words = text.split()
        return TextLength(5, " ".join(words[:5]) if len(words) > 5 else None)


@pytest.fixture
def engine(tmp_path: Path) -> SearchEngine:
    encoder = FiveWords()
    build_dictionary(make_pictures(tmp_path / "g", 9), encoder, tmp_path / "i", progress=False)
    return SearchEngine(encoder, VectorDictionary.open(tmp_path / "i", encoder))


@pytest.fixture
def client(engine: SearchEngine) -> Iterator[TestClient]:
    with TestClient(create_app(engine, ApiConfig()), base_url="http://127.0.0.1:8001") as client:
        yield client


def search(client: TestClient, files: Any = None, **fields: Any) -> Any:
    return client.post("/api/search", data=fields, files=files)


def test_its_id_counts_as_the_file_does(client: TestClient, engine: SearchEngine) -> None:
    item = engine.dictionary.item(4)
    content = (engine.dictionary.gallery / item.path).read_bytes()
    for words in ({}, {"query": "blue", "alpha": 0.3}):
        by_id = search(client, picture=item.id, k=8, **words).json()
        by_file = search(client, files={"file": ("x", content)}, k=9, **words).json()
        others = [hit for hit in by_file["results"] if hit["id"] != item.id]
        assert [hit["id"] for hit in by_id["results"]] == [hit["id"] for hit in others]
        assert [hit["score"] for hit in by_id["results"]] == pytest.approx(
            [hit["score"] for hit in others], abs=1e-5
        )
        assert [one["path"] for one in by_id["query"]["pictures"]] == [item.path]
        assert by_id["query"]["images"] == 1 and by_file["query"]["pictures"] == []


def test_files_and_ids_together_are_at_most_five(client: TestClient, engine: SearchEngine) -> None:
    ids = [engine.dictionary.item(row).id for row in range(5)]
    out = BytesIO((engine.dictionary.gallery / engine.dictionary.item(6).path).read_bytes())
    many = search(client, files={"file": ("x", out)}, picture=ids)
    assert (many.status_code, many.json()["code"]) == (422, "too-many-pictures")
    both = search(client, files={"file": ("x", out.getvalue())}, picture=ids[:4])
    assert both.json()["query"]["images"] == 5
    unknown = search(client, picture="nobody")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown-picture")


def test_the_answer_says_what_of_the_words_is_read(client: TestClient) -> None:
    assert client.get("/health").json()["max_tokens"] == 5
    long = "one two three four five six seven"
    query = search(client, query=long).json()["query"]
    assert query["tokens"] == {"limit": 5, "read": "one two three four five"}
    assert search(client, query="one two").json()["query"]["tokens"]["read"] is None
    events = client.post("/api/search/stream", data={"query": long}).text
    understood = json.loads(events.split("data: ", 1)[1].split("\n", 1)[0])
    assert understood["tokens"]["read"] == "one two three four five"


def test_a_tokenizers_limit_is_found_word_by_word(tiny_encoder: TorchEncoder) -> None:
    words = " ".join(["abcde"] * 40)  # a token for each letter, and two marks
    length = tiny_encoder.text_length(words)
    assert (length.limit, length.read) == (77, " ".join(["abcde"] * 15))
    assert tiny_encoder.text_length("abc").read is None
    assert tiny_encoder.text_length("a" * 200).read == "a" * 75
