"""What should not be there, over HTTP: the API decides it for everybody."""

import json
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from pixel_encoder import PixelEncoder, make_pictures

from timanh.api import create_app
from timanh.search import Query, SearchEngine
from timanh.vectors import VectorDictionary, build_dictionary


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> SearchEngine:
    folder = tmp_path_factory.mktemp("exclusion")
    build_dictionary(make_pictures(folder / "g", 8), PixelEncoder(), folder / "i", progress=False)
    return SearchEngine(PixelEncoder(), VectorDictionary.open(folder / "i"))


@pytest.fixture(scope="module")
def client(engine: SearchEngine) -> Iterator[TestClient]:
    with TestClient(create_app(engine), base_url="http://127.0.0.1") as client:
        yield client


def test_the_answer_says_what_was_excluded(client: TestClient, engine: SearchEngine) -> None:
    text = "a man without a hat in the rain"
    answer = client.post("/api/search", data={"query": text}).json()
    query = answer["query"]
    assert (query["text"], query["wanted"]) == (text, "a man in the rain")
    assert query["excluded"] == ["hat"] and query["weak"] is None
    by_engine = engine.search(Query(text))
    assert [one["id"] for one in answer["results"]] == [hit.id for hit in by_engine.hits]
    by_hand = {"query": "a man in the rain", "without": "hat"}
    assert client.post("/api/search", data=by_hand).json()["results"] == answer["results"]


def test_what_was_excluded_can_be_taken_back(client: TestClient) -> None:
    form = {"query": "a man without a hat", "as_written": "true"}
    query = client.post("/api/search", data=form).json()["query"]
    assert (query["excluded"], query["wanted"]) == ([], None)


def test_a_stream_says_it_first(client: TestClient) -> None:
    reply = client.post("/api/search/stream", data={"query": "người đàn ông không đội mũ"}).text
    first = json.loads(reply.split("data: ", 1)[1].split("\n")[0])
    assert (first["excluded"], first["wanted"]) == (["mũ"], "người đàn ông")


@pytest.mark.parametrize("text", ["-hat", "without a hat", "không có mũ"])
def test_nothing_but_exclusions_is_refused(client: TestClient, text: str) -> None:
    for path in ("/api/search", "/search"):
        answer = client.post(path, data={"query": text})
        assert (answer.status_code, answer.json()["code"]) == (422, "only-excluded")
    reply = client.post("/api/search/stream", data={"query": text}).text
    assert reply.startswith("event: understood") and '"wanted":null' in reply
    assert "event: problem" in reply and '"only-excluded"' in reply
