"""The AI service over HTTP: pictures, words and labels, some of them odd."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import own_loop
import pytest
from drawn_captioner import ColourCaptioner
from fastapi.testclient import TestClient
from PIL import Image
from pixel_encoder import PixelEncoder, Recorder

from timanh.api import ApiConfig, create_ai_app, create_app
from timanh.api.ai.models import AiModels
from timanh.cli import run
from timanh.errors import ModelNotFoundError
from timanh.search import SearchEngine, Translator
from timanh.serving import ApiServer
from timanh.vectors import VectorDictionary

JSON = {"Content-Type": "application/json"}


def picture(colour: str = "red", number: int = 0) -> bytes:
    image = Image.new("RGB", (48, 36), colour)
    image.putpixel((number % 48, number // 48), (1, 2, 3))
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def alone(
    encoder: PixelEncoder | None = None, captioner: ColourCaptioner | None = None, **more: Any
) -> TestClient:
    models = AiModels(
        lambda: encoder or PixelEncoder(),
        None if captioner is None else lambda: captioner,
        translator=lambda encoder: more.get("translator"),
    )
    config = more.get("config") or ApiConfig()
    return TestClient(create_ai_app(models, "pixels", config), base_url="http://127.0.0.1:8001")


@pytest.fixture
def captioner() -> ColourCaptioner:
    return ColourCaptioner()


@pytest.fixture
def client(captioner: ColourCaptioner) -> Iterator[TestClient]:
    with alone(captioner=captioner) as client:
        yield client


def features(client: TestClient, *contents: bytes, **form: str) -> Any:
    files = [("image", ("test.jpg", content, "image/jpeg")) for content in contents]
    return client.post("/api/ai/image-features", files=files, data=form)


# --- failures first


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"no picture", 415, "unreadable-picture"),
        (picture()[:60], 415, "unreadable-picture"),
        (b"", 415, "unreadable-picture"),
        (b"\x89PNG" + b"x" * 10_000_001, 413, "picture-too-large"),
    ],
)
def test_a_picture_that_cannot_be_read(
    client: TestClient, content: bytes, status: int, code: str
) -> None:
    for path, more in (("image-features", {}), ("classify", {"labels": "cat"})):
        answer = client.post(f"/api/ai/{path}", files={"image": ("a.jpg", content)}, data=more)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_unreadable_one_spoils_only_itself(client: TestClient) -> None:
    answer = features(client, picture("red"), b"nothing", picture("blue"))
    assert answer.status_code == 200
    red, bad, blue = answer.json()["results"]
    assert bad["problem"]["code"] == "unreadable-picture" and bad["problem"]["status"] == 415
    assert [red["captions"]["en"], blue["captions"]["vi"]] == [
        "a red picture", "một bức ảnh màu xanh dương"
    ]  # fmt: skip
    assert np.linalg.norm(red["embedding"]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, "invalid-request"),
        ({"labels": "[]"}, "bad-query"),
        ({"labels": '["cat"'}, "invalid-request"),
        ({"labels": "[" * 100_000}, "invalid-request"),
        ({"labels": '["cat", "\\ud83d"]'}, "bad-query"),
        ({"labels": '["cat"]', "templates": '["\\ud83d {}"]'}, "bad-query"),
        ({"labels": "[1, 2]"}, "invalid-request"),
        ({"labels": '["cat", " "]'}, "bad-query"),
        ({"labels": '["cat", "cat"]'}, "bad-query"),
        ({"labels": '["cat"]', "templates": "a photo"}, "bad-query"),
        ({"labels": json.dumps(["x" * 1001])}, "text-too-long"),
    ],
)
def test_labels_that_make_no_sense(client: TestClient, form: dict[str, str], code: str) -> None:
    answer = client.post("/api/ai/classify", files={"image": ("a.png", picture())}, data=form)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_wrong_words_and_too_many_pictures(client: TestClient) -> None:
    for body, code in (({"query": " "}, "empty-query"), ({}, "invalid-request"),
                       ({"query": "x" * 1001}, "text-too-long"),
                       ({"query": "a \ud83d"}, "bad-query")):  # fmt: skip
        answer = client.post("/api/ai/text-embedding", content=json.dumps(body), headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert features(client, *[picture()] * 17).json()["code"] == "too-many-pictures"


def test_a_language_that_the_captioner_lacks_is_named_beside_the_embedding(
    client: TestClient,
) -> None:
    one, other = features(client, picture(), picture("green"), language="fr").json()["results"]
    for answer in (one, other):
        assert len(answer["embedding"]) == 24 and answer["caption"] is None
        assert "not 'fr'" in answer["captions_problem"]["detail"]
    without = features(client, picture(), language="fr", captions="false").json()
    assert without["captions_problem"] is None, "no caption was asked for"


class Overflowing(PixelEncoder):
    """As half precision does on some pictures: here on what is not mostly red."""

    def encode_images(self, images: Sequence[Image.Image]) -> Any:
        vectors = super().encode_images(images)
        means = np.array([np.asarray(image.convert("RGB")).mean((0, 1)) for image in images])
        vectors[means.argmax(1) > 0] = np.nan
        return vectors


def test_a_picture_without_numbers_fails_alone_and_a_model_without_any_shows_in_health() -> None:
    with alone(encoder=Overflowing()) as client:
        red, green, other = features(client, picture(), picture("green"), picture("red", 2)).json()[
            "results"
        ]
        assert len(red["embedding"]) == len(other["embedding"]) == 24
        assert green["problem"]["status"] == 415 and "NaN" in green["problem"]["detail"]
        one = features(client, picture("green", 3))
        assert (one.status_code, one.json()["code"]) == (415, "unreadable-picture")

    class Broken(PixelEncoder):
        def encode_images(self, images: Sequence[Image.Image]) -> Any:
            return np.full_like(super().encode_images(images), np.inf)

    with alone(encoder=Broken()) as client:
        answer = features(client, picture(), picture("green"))
        assert (answer.status_code, answer.json()["code"]) == (503, "encoder-failed"), (
            "no picture may be blamed for it"
        )
        part = client.get("/api/ai/health").json()["ai"]["embedding"]
        assert part["state"] == "failed" and "NaN" in part["detail"]


def test_a_captioner_that_cannot_be_loaded_leaves_the_embedding() -> None:
    def nowhere() -> Any:
        raise ModelNotFoundError("There is no captioner in nowhere. Check the path.")

    models = AiModels(PixelEncoder, nowhere)
    app = create_ai_app(models, "pixels", ApiConfig())
    with TestClient(app, base_url="http://127.0.0.1:8001") as client:
        for form in ({}, {"language": "vi"}):
            answer = features(client, picture(), **form)
            assert answer.status_code == 200 and len(answer.json()["embedding"]) == 24
            assert answer.json()["captions_problem"]["code"] == "model-not-found"


def test_a_captioner_that_fails_leaves_the_embedding_and_shows_in_health(
    client: TestClient, captioner: ColourCaptioner
) -> None:
    captioner.broken = True
    answer = features(client, picture()).json()
    assert len(answer["embedding"]) == 24 and answer["caption"] is None
    assert "CUDA out of memory" in answer["captions_problem"]["detail"]
    ai = client.get("/health").json()["ai"]
    assert ai["captions"]["state"] == "failed" and "CUDA" in ai["captions"]["detail"]
    assert ai["embedding"]["ready"] is True
    captioner.broken = False
    assert client.get("/api/ai/health").json()["ai"]["captions"]["ready"] is True
    assert features(client, picture()).json()["caption"] == "a red picture"


def test_a_model_that_cannot_be_loaded_is_tried_again() -> None:
    loads: list[int] = []

    def load() -> PixelEncoder:
        loads.append(1)
        if len(loads) == 1:
            raise OSError("the disk of the hub is gone")
        return PixelEncoder()

    app = create_ai_app(AiModels(load), "pixels")
    with TestClient(app, base_url="http://127.0.0.1:8001", raise_server_exceptions=False) as client:
        assert client.get("/health").json()["ai"]["embedding"]["state"] == "waiting"
        assert features(client, picture()).status_code == 500
        assert client.get("/health").json()["ai"]["embedding"]["state"] == "failed"
        assert client.get("/health/ready").status_code == 503
        assert features(client, picture()).status_code == 200
        assert client.get("/health/ready").json()["ai"]["embedding"]["ready"] is True


def test_a_captioner_that_takes_too_long(captioner: ColourCaptioner) -> None:
    captioner.delay_s = 0.5
    with alone(captioner=captioner, config=ApiConfig(ai_deadline_s=0.2)) as client:
        answer = features(client, picture())
    assert (answer.status_code, answer.json()["code"]) == (503, "deadline-passed")


def test_the_key_is_asked_for() -> None:
    with alone(config=ApiConfig(api_key="sesame")) as client:
        assert features(client, picture()).json()["code"] == "no-key"
        assert client.get("/api/ai/health").json()["code"] == "no-key"
        assert client.get("/health").status_code == 200


# --- what it does


def test_the_documents_own_requests(client: TestClient) -> None:
    answer = features(client, picture()).json()
    assert {"embedding", "caption", "captions", "model", "fingerprint", "dim", "captioner"} <= set(
        answer
    )
    assert (answer["dim"], answer["captioner"]) == (24, "colours")
    answer = client.post(
        "/api/ai/classify", files={"image": ("test.jpg", picture())},
        data={"labels": '["photo","drawing"]'},
    ).json()  # fmt: skip
    assert {each["label"] for each in answer["predictions"]} == {"photo", "drawing"}
    scores = [each["score"] for each in answer["predictions"]]
    assert scores == sorted(scores, reverse=True) and sum(scores) == pytest.approx(1, abs=1e-5)
    answer = client.post(
        "/api/ai/text-embedding", json={"query": "sunset beach", "limit": 20}
    ).json()
    assert (answer["query"], answer["limit"], len(answer["embedding"])) == ("sunset beach", 20, 24)


def test_captions_in_the_language_that_was_asked_for(client: TestClient) -> None:
    found = features(client, picture("blue"), language="vi").json()
    assert found["captions"] == {"vi": "một bức ảnh màu xanh dương"}
    assert found["caption"] == found["captions"]["vi"]
    assert features(client, picture("blue"), language="de").json()["captions"] == {}
    assert features(client, picture("blue"), captions="false").json()["captions"] == {}


def test_labels_may_be_repeated_and_none_of_them_be_right(client: TestClient) -> None:
    data = {"labels": ["cat", "dog"], "none": "true"}
    answer = client.post("/api/ai/classify", files={"image": ("a.png", picture())}, data=data)
    labels = [each["label"] for each in answer.json()["predictions"]]
    assert sorted(labels) == ["cat", "dog", "none of these"]


@pytest.mark.parametrize(
    ("languages", "typed", "encoded", "translated"),
    [
        (("en", "vi"), "con meo den", "con mèo đen", "con mèo đen"),
        (("en", "vi"), "con mefo", "con mèo", "con mèo"),
        (("en", "vi"), "a black cat", "a black cat", None),
        (("en",), "con mefo", "a cat", "a cat"),
    ],
)
def test_marks_that_were_not_typed(
    languages: tuple[str, ...], typed: str, encoded: str, translated: str | None
) -> None:
    encoder = Recorder(*languages)
    translator = Translator(lambda text: {"con mèo": "a cat"}[text])
    with alone(encoder, translator=translator) as client:
        encoder.texts.clear()
        answer = client.post("/api/ai/text-embedding", json={"query": typed}).json()
    assert (encoder.texts, answer["translated"]) == ([encoded], translated)


@pytest.mark.parametrize(
    ("languages", "unmarked", "labels", "encoded"),
    [
        (("en", "vi"), False, ["con meo", "xe dap"], ["con mèo", "xe đạp"]),
        (("en", "vi"), False, ["con mefo", "xe ddapj"], ["con mèo", "xe đạp"]),
        (("en", "vi"), True, ["con meo", "xe dap"], ["con meo", "xe dap"]),
        (("en", "vi"), False, ["a cat", "a bike"], ["a cat", "a bike"]),
        (("en", "vi"), False, ["mèo", "hoa", "ga"], ["mèo", "hoa", "ga"]),
        (("en",), False, ["con mefo", "xe ddapj"], ["cat", "bike"]),
    ],
)
def test_labels_with_marks_that_were_not_typed(
    languages: tuple[str, ...], unmarked: bool, labels: list[str], encoded: list[str]
) -> None:
    encoder = Recorder(*languages)
    encoder.reads_unmarked = unmarked
    translator = Translator(lambda text: {"con mèo": "cat", "xe đạp": "bike"}[text])
    with alone(encoder, translator=translator) as client:
        encoder.texts.clear()
        form = {"labels": labels, "templates": ["{}"]}
        files = {"image": ("a.png", picture())}
        answer = client.post("/api/ai/classify", files=files, data=form).json()
    assert encoder.texts == encoded
    assert {each["label"] for each in answer["predictions"]} == set(labels)


def test_vietnamese_is_translated_for_an_encoder_that_does_not_know_it() -> None:
    encoder = Recorder("en")
    translator = Translator(lambda text: {"con mèo": "cat", "con chó": "dog"}[text])
    with alone(encoder, translator=translator) as client:
        answer = client.post("/api/ai/text-embedding", json={"query": "con mèo"}).json()
        assert answer["translated"] == "cat"
        assert answer["embedding"] == pytest.approx(encoder.encode_texts(["cat"])[0].tolist())
        labels = {"labels": '["con mèo", "con chó"]', "templates": '["{}"]'}
        files = {"image": ("a.png", picture())}
        answer = client.post("/api/ai/classify", files=files, data=labels).json()
    assert {each["label"] for each in answer["predictions"]} == {"con mèo", "con chó"}
    assert {"cat", "dog"} <= set(encoder.texts) and "con chó" not in encoder.texts


def test_the_same_picture_is_computed_once(captioner: ColourCaptioner) -> None:
    encoder = PixelEncoder()
    with alone(encoder, captioner) as client:
        first = features(client, picture()).json()
        counts = encoder.encoded, sum(captioner.batches)
        assert features(client, picture(), picture()).json()["results"] == [first, first]
        assert (encoder.encoded, sum(captioner.batches)) == counts


def test_requests_that_wait_together_are_computed_together(captioner: ColourCaptioner) -> None:
    captioner.delay_s = 0.05
    models = AiModels(PixelEncoder, lambda: captioner)
    app = create_ai_app(models, "pixels")
    with ApiServer(app, port=0) as server:

        async def ask() -> list[httpx.Response]:
            async with httpx.AsyncClient(timeout=30) as client:
                return await asyncio.gather(*(
                    client.post(f"{server.url}/api/ai/image-features",
                                files={"image": ("a.png", picture("red", n))},
                                data={"language": "en"})
                    for n in range(24)
                ))  # fmt: skip

        answers = own_loop.run(ask())
    assert [answer.status_code for answer in answers] == [200] * 24
    assert sum(captioner.batches) == 24 and len(captioner.batches) <= 6


def test_the_api_of_a_gallery_has_it_too(built_gallery: Path, captioner: ColourCaptioner) -> None:
    encoder = PixelEncoder()
    engine = SearchEngine(encoder, VectorDictionary.open(built_gallery / "out", encoder))
    app = create_app(engine, captioner=captioner)
    with TestClient(app, base_url="http://127.0.0.1:8001") as client:
        found = features(client, picture()).json()
        assert found["fingerprint"] == engine.dictionary.fingerprint
        assert found["caption"] == "a red picture"
        until = time.monotonic() + 5
        while not client.get("/health").json()["ai"]["captions"]["ready"]:
            assert time.monotonic() < until
        assert client.get("/health").json()["ai"]["captions"]["languages"] == ["en", "vi"]


# --- on the command line


def test_doctor_tries_all_endpoints(
    captioner: ColourCaptioner, capsys: pytest.CaptureFixture[str]
) -> None:
    app = create_ai_app(AiModels(PixelEncoder, lambda: captioner), "pixels", ApiConfig("sesame"))
    with ApiServer(app, port=0) as server:
        assert run(["doctor", "--ai", f"{server.url}#key=sesame"]) == 0
        shown = capsys.readouterr().out
        assert "first picture (cold start)" in shown and "MB in memory" in shown
        assert "✗" not in shown and shown.count(" ms ") == 10
        assert run(["doctor", "--ai", f"{server.url}#key=wrong"]) == 2
        assert "wrong-key" not in capsys.readouterr().err
    assert run(["doctor", "--ai", server.url]) == 2
    assert run(["doctor", "--ai", "not an address"]) == 2


def test_serve_takes_a_dictionary_or_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["serve"], ["serve", "--ai-only", "--index", "x"]):
        assert run(arguments) == 2
        assert "--ai-only" in capsys.readouterr().err
    assert threading.active_count() < 50
