"""The API over a real dictionary of a tiny encoder, through real HTTP where it matters."""

import base64
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from pixel_encoder import PixelEncoder, make_pictures

from timanh.api import ApiConfig, create_app
from timanh.models.torch_encoder import TorchEncoder
from timanh.search import SearchEngine
from timanh.search.everyday import LABELS
from timanh.vectors import VectorDictionary, build_dictionary


@pytest.fixture
def engine(gallery: Path, tiny_encoder: TorchEncoder, tmp_path: Path) -> SearchEngine:
    build_dictionary(gallery, tiny_encoder, tmp_path / "index", progress=False)
    return SearchEngine(tiny_encoder, VectorDictionary.open(tmp_path / "index", tiny_encoder))


@pytest.fixture
def client(engine: SearchEngine) -> Iterator[TestClient]:
    with local(engine) as client:
        yield client


def local(engine: SearchEngine, config: ApiConfig | None = None) -> TestClient:
    return TestClient(create_app(engine, config), base_url="http://127.0.0.1:8001")


def jpeg(width: int = 40, height: int = 30) -> bytes:
    out = BytesIO()
    Image.new("RGB", (width, height), "red").save(out, "JPEG")
    return out.getvalue()


def assert_problem(response: object, status: int, code: str) -> dict[str, object]:
    assert response.status_code == status, response.text  # type: ignore[attr-defined]
    assert response.headers["content-type"] == "application/problem+json"  # type: ignore[attr-defined]
    body = response.json()  # type: ignore[attr-defined]
    assert body["code"] == code and body["status"] == status and body["detail"]
    assert body["request_id"] == response.headers["x-request-id"]  # type: ignore[attr-defined]
    return dict(body)


# --- failures first


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({}, 422, "empty-query"),
        ({"query": "   "}, 422, "empty-query"),
        ({"query": "a", "alpha": "2"}, 422, "invalid-request"),
        ({"query": "a", "alpha": "nan"}, 422, "invalid-request"),
        ({"query": "a", "k": "0"}, 422, "invalid-request"),
        ({"query": "a", "k": "101"}, 422, "invalid-request"),
        ({"query": "a", "k": "many"}, 422, "invalid-request"),
        ({"query": "x" * 1001}, 422, "text-too-long"),
    ],
)
def test_wrong_queries(client: TestClient, form: dict[str, str], status: int, code: str) -> None:
    assert_problem(client.post("/api/search", data=form), status, code)


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"I am text, whatever my name says", 415, "unreadable-picture"),
        (jpeg()[:300], 415, "unreadable-picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "unreadable-picture"),
        (b"\xff" * 10_000_001, 413, "picture-too-large"),
    ],
)
def test_wrong_pictures(client: TestClient, content: bytes, status: int, code: str) -> None:
    answer = client.post("/api/search", files={"file": ("x.jpg", content, "image/jpeg")})
    assert_problem(answer, status, code)


def test_a_picture_of_too_many_pixels(client: TestClient) -> None:
    bomb = BytesIO()
    Image.new("1", (9000, 9000)).save(bomb, "PNG")
    answer = client.post("/api/search", files={"file": ("x.png", bomb.getvalue(), "image/png")})
    assert_problem(answer, 413, "picture-too-large")


def test_six_pictures_are_one_too_many(client: TestClient) -> None:
    files = [("file", (f"{n}.jpg", jpeg(), "image/jpeg")) for n in range(6)]
    assert_problem(client.post("/api/search", files=files), 422, "too-many-pictures")


def test_bytes_are_counted_even_without_a_stated_length(engine: SearchEngine) -> None:

    def endless() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="query"\r\n\r\n'
        for _ in range(200):
            yield b"x" * 1000

    with local(engine, ApiConfig(max_request_bytes=10_000)) as client:
        answer = client.post(
            "/api/search", content=endless(),
            headers={"content-type": "multipart/form-data; boundary=b"},
        )  # fmt: skip
        assert_problem(answer, 413, "request-too-large")
        answer = client.post("/api/search", content=b"x" * 20_000)
        assert_problem(answer, 413, "request-too-large")


def test_malformed_multipart_unknown_paths_and_methods(client: TestClient) -> None:
    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = client.post("/api/search", content=b"no boundary at all", headers=headers)
    assert answer.status_code in (400, 422)
    assert_problem(client.get("/nothing"), 404, "not-found")
    assert_problem(client.get("/api/search"), 405, "method-not-allowed")


@pytest.mark.parametrize("id", ["nope", "..", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "a" * 500])
def test_ids_are_looked_up_and_never_paths(client: TestClient, id: str) -> None:
    for path in (f"/api/images/{id}", f"/api/images/{id}/thumbnail"):
        assert client.get(path).status_code == 404


def test_a_picture_that_is_gone_says_so(client: TestClient, gallery: Path) -> None:
    found = client.get("/api/gallery").json()["images"][0]
    for picture in (gallery / "images").iterdir():
        picture.unlink()
    assert_problem(client.get(found["url"]), 404, "picture-gone")


def test_an_unforeseen_error_shows_no_trace(
    client: TestClient, engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret insides")

    monkeypatch.setattr(engine, "answer", broken)
    body = assert_problem(client.post("/api/search", data={"query": "a"}), 500, "internal-error")
    assert "secret" not in json.dumps(body)


def test_the_key_guards_everything_but_health(engine: SearchEngine) -> None:
    with local(engine, ApiConfig(api_key="sesame")) as client:
        assert client.get("/health").status_code == 200
        refused = client.get("/api/gallery")
        assert_problem(refused, 401, "no-key")
        assert refused.headers["www-authenticate"] == "Bearer"
        wrong = {"Authorization": "Bearer sesamé"}
        assert client.get("/api/gallery", headers={"X-API-Key": "no"}).status_code == 401
        assert client.get("/openapi.json").status_code == 401
        assert client.get("/api/gallery", headers=[
            (name.encode(), value.encode()) for name, value in wrong.items()
        ]).status_code == 401  # fmt: skip
        for headers in ({"Authorization": "Bearer sesame"}, {"X-API-Key": "sesame"}):
            assert client.get("/api/gallery", headers=headers).status_code == 200


# --- what it answers


def test_health(client: TestClient) -> None:
    body = client.get("/health").json()
    assert body.items() >= {"status": "ok", "dim": 16, "images": 12, "device": "cpu"}.items()
    assert body["languages"] == ["en"] and body["version"]


def test_a_picture_of_the_gallery_finds_itself(client: TestClient, gallery: Path) -> None:
    for name in ("red_circle_0.jpg", "blue_square_1.jpg"):
        content = (gallery / "images" / name).read_bytes()
        answer = client.post("/api/search", files={"file": (name, content)}, data={"k": "3"}).json()
        first = answer["results"][0]
        assert first["path"] == name and first["score"] >= 0.99
        assert (first["width"], first["height"]) == (80, 60)
        assert len(answer["results"]) == 3
        assert set(answer["took_ms"]) == {
            "prepare",
            "translate",
            "wait",
            "encode",
            "search",
            "total",
        }


def test_text_and_picture_are_weighed_by_alpha(
    client: TestClient, engine: SearchEngine, gallery: Path
) -> None:
    content = (gallery / "images" / "green_square_0.jpg").read_bytes()
    text = engine.encoder.encode_texts(["a red circle"])[0]
    image = engine.encoder.encode_images([Image.open(BytesIO(content)).convert("RGB")])[0]
    for alpha in (0.0, 0.6, 1.0):
        mixed = alpha * text + (1 - alpha) * image
        wanted = engine.dictionary.vectors @ (mixed / np.linalg.norm(mixed))
        answer = client.post(
            "/api/search", files={"file": ("x.jpg", content)},
            data={"query": "a red circle", "alpha": str(alpha), "k": "12"},
        ).json()  # fmt: skip
        scores = [result["score"] for result in answer["results"]]
        np.testing.assert_allclose(scores, np.sort(wanted)[::-1], atol=1e-5)
        assert answer["query"]["alpha"] == alpha


def test_a_vietnamese_query_without_translator_goes_on_and_says_so(client: TestClient) -> None:
    answer = client.post("/api/search", data={"query": "hình tròn màu đỏ"}).json()
    assert answer["query"]["language"] == "vi"
    assert "as written" in answer["query"]["notice"]
    assert len(answer["results"]) == 5


def test_the_reports_contract(client: TestClient) -> None:
    body = client.post("/search", data={"query": "a red circle", "alpha": "0.5"}).json()
    assert list(body) == ["top5"] and len(body["top5"]) == 5
    head, data = body["top5"][0]["image"].split(",", 1)
    assert head == "data:image/jpeg;base64"
    assert Image.open(BytesIO(base64.b64decode(data))).size == (80, 60)
    assert isinstance(body["top5"][0]["score"], float)


def test_pictures_and_thumbnails_with_etags(client: TestClient, gallery: Path) -> None:
    found = client.get("/api/gallery?limit=1").json()["images"][0]
    original = client.get(found["url"])
    assert original.content == (gallery / "images" / found["path"]).read_bytes()
    assert original.headers["content-type"] == "image/jpeg"
    small = client.get(found["thumbnail"])
    assert Image.open(BytesIO(small.content)).format == "JPEG"
    for url, answer in ((found["url"], original), (found["thumbnail"], small)):
        again = client.get(url, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304 and not again.content


def test_gallery_pages_and_samples(client: TestClient) -> None:
    everything = client.get("/api/gallery?limit=200").json()
    assert everything["total"] == len(everything["images"]) == 12
    second = client.get("/api/gallery?limit=5&offset=5").json()["images"]
    assert [image["id"] for image in second] == [
        image["id"] for image in everything["images"][5:10]
    ]
    sample = client.get("/api/gallery?limit=3&sample=1").json()["images"]
    assert [image["id"] for image in sample] == [
        everything["images"][row]["id"] for row in (0, 4, 8)
    ]
    assert client.get("/api/gallery?limit=0").status_code == 422


def test_examples_come_from_the_gallery_or_from_who_serves_it(
    client: TestClient, engine: SearchEngine
) -> None:
    texts = {example["en"] for example in client.get("/api/examples").json()["examples"]}
    assert "a red circle" in texts
    config = ApiConfig(examples=(("ô tô đỏ", "red car"),))
    with local(engine, config) as other:
        assert other.get("/api/examples").json() == {
            "examples": [{"vi": "ô tô đỏ", "en": "red car"}]
        }


def test_request_ids_run_through(client: TestClient) -> None:
    given = {"X-Request-ID": "abcdefgh-1234"}
    assert client.get("/health", headers=given).headers["x-request-id"] == "abcdefgh-1234"
    bad = client.get("/health", headers={"X-Request-ID": "<script>"}).headers["x-request-id"]
    assert bad.isalnum()


def test_the_log_is_json_and_never_has_a_key_or_a_query(
    engine: SearchEngine, caplog: pytest.LogCaptureFixture
) -> None:
    config = ApiConfig(api_key="sesame-key")
    caplog.set_level("INFO", "timanh.api")
    with local(engine, config) as client:
        given = {"X-API-Key": "sesame-key", "X-Request-ID": "abcdefgh-1"}
        client.post("/api/search", data={"query": "my secret words"}, headers=given)
        client.post("/api/search", data={"query": "x"}, headers={"X-API-Key": "other-key"})
    lines = [json.loads(record.getMessage()) for record in caplog.records]
    assert [(line["status"], line["path"]) for line in lines] == [
        (200, "/api/search"), (401, "/api/search"),
    ]  # fmt: skip
    assert lines[0]["request_id"] == "abcdefgh-1" and lines[0]["ms"] > 0
    logged = caplog.text + repr(config)
    assert not any(word in logged for word in ("sesame-key", "other-key", "secret words"))


def test_examples_come_from_captions_in_both_languages_or_from_everyday_words(
    tmp_path: Path,
) -> None:
    encoder = PixelEncoder()
    gallery = make_pictures(tmp_path / "g", 6)
    without = tmp_path / "without"
    build_dictionary(gallery, encoder, without, progress=False)
    lines = ["image,caption", "0002.png,A chair in a room.", "0002.png,chiếc ghế màu đỏ"]
    (gallery / "captions.txt").write_text("\n".join(lines) + "\n", "utf8")
    build_dictionary(gallery, encoder, tmp_path / "with", progress=False)

    def examples(folder: Path) -> list[dict[str, str]]:
        engine = SearchEngine(encoder, VectorDictionary.open(folder, encoder))
        with TestClient(create_app(engine, ApiConfig()), base_url="http://127.0.0.1:8001") as api:
            found: list[dict[str, str]] = api.get("/api/examples").json()["examples"]
            return found

    assert examples(tmp_path / "with") == [{"vi": "chiếc ghế màu đỏ", "en": "A chair in a room"}]
    labels = [{"vi": vi, "en": en} for vi, en in LABELS]
    assert 1 <= len(examples(without)) <= 6 and all(one in labels for one in examples(without))


def test_the_demo_model_says_that_it_has_never_seen_a_photo(tmp_path: Path) -> None:
    encoder = PixelEncoder()
    encoder.name = "demo"
    gallery = make_pictures(tmp_path / "g", 3)
    build_dictionary(gallery, encoder, tmp_path / "i", progress=False)
    engine = SearchEngine(encoder, VectorDictionary.open(tmp_path / "i", encoder))
    with TestClient(create_app(engine, ApiConfig()), base_url="http://127.0.0.1:8001") as api:
        health = api.get("/health").json()
        assert (health["demo"], health["drawn"]) == (True, False)
        assert health["notice"]["code"] == "demo-model"
        assert "that has seen photos, such as openai/clip" in health["notice"]["detail"]
        (gallery / "truth.json").write_text("{}")
        health = api.get("/health").json()
        assert health["drawn"] and health["notice"] is None
