"""What is on a picture, over HTTP."""

from io import BytesIO
from typing import Any

import pytest
from drawn_captioner import ColourCaptioner
from fastapi.testclient import TestClient
from PIL import Image
from pixel_encoder import PixelEncoder

from timanh.api import ApiConfig, create_ai_app
from timanh.api.ai.models import AiModels
from timanh.search import Translator


def picture(colour: str = "red") -> bytes:
    out = BytesIO()
    Image.new("RGB", (48, 36), colour).save(out, "PNG")
    return out.getvalue()


def served(captioner: ColourCaptioner | None, **config: Any) -> TestClient:
    load = None if captioner is None else lambda: captioner
    app = create_ai_app(AiModels(PixelEncoder, load), "pixels", ApiConfig(**config))
    return TestClient(app, base_url="http://127.0.0.1:8001")


def sent(client: TestClient, content: bytes, **form: Any) -> Any:
    return client.post("/api/caption", files={"file": ("a.png", content)}, data=form)


def test_captions_in_the_language_that_was_asked_for() -> None:
    captioner = ColourCaptioner()
    with served(captioner) as client:
        first = captioner.languages[0]
        answer = sent(client, picture("red")).json()
        assert answer["language"] == first and len(answer["captions"]) == 1
        assert answer["captions"][0] and answer["fingerprint"] == captioner.fingerprint
        for language in captioner.languages:
            other = sent(client, picture("red"), language=language).json()
            assert other["language"] == language
        assert sent(client, picture("blue")).json()["captions"] != answer["captions"]


@pytest.mark.parametrize(
    ("content", "form", "status", "code"),
    [
        (b"no picture", {}, 415, "unreadable-picture"),
        (picture(), {"language": "fr"}, 422, "unknown-language"),
        (picture(), {"count": 6}, 422, "invalid-request"),
        (picture(), {"count": 0}, 422, "invalid-request"),
    ],
)
def test_what_is_refused(content: bytes, form: Any, status: int, code: str) -> None:
    with served(ColourCaptioner()) as client:
        answer = sent(client, content, **form)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_without_a_captioner_it_says_so() -> None:
    with served(None) as client:
        answer = sent(client, picture())
        assert (answer.status_code, answer.json()["code"]) == (503, "no-captioner")


def test_the_key_is_asked_for() -> None:
    with served(ColourCaptioner(), api_key="secret") as client:
        assert sent(client, picture()).status_code == 401


def test_where_it_looked_for_each_word() -> None:
    with served(ColourCaptioner()) as client:
        assert sent(client, picture()).json()["attention"] is None
        answer = sent(client, picture("white"), attention="true", count=2).json()
        assert len(answer["attention"]) == len(answer["captions"]) == 2
        seen = answer["attention"][0]
        assert [each["word"] for each in seen["words"]] == answer["captions"][0].split()
        assert seen["area"] == [0, 0, 1, 1] and (seen["rows"], seen["columns"]) == (3, 4)
        first, second = (each["weights"] for each in seen["words"][:2])
        assert sum(first[:4]) > 0 == sum(first[4:]) and len(second) == 12 and sum(second) > 0.9


def test_a_caption_in_the_other_language() -> None:
    translators = {"en": Translator(lambda text: text.upper()), "vi": Translator(lambda text: "")}
    models = AiModels(PixelEncoder, translator_to=translators.get)
    app = create_ai_app(models, "pixels", ApiConfig())
    with TestClient(app, base_url="http://127.0.0.1:8001") as client:

        def answer(text: str, language: str) -> Any:
            return client.post("/api/ai/translate", data={"text": text, "language": language})

        found = answer("một con mèo", "en").json()
        assert found == {"text": "MỘT CON MÈO", "language": "en", "translator": "translator"}
        assert answer("một con mèo", "en").json()["translator"] == "cache"
        for sent_, status, code in (
            (("a", "vi"), 503, "not-translated"),
            (("a", "fr"), 422, "unknown-language"),
            (("x" * 1001, "en"), 422, "text-too-long"),
            (("", "en"), 422, "invalid-request"),
        ):
            refused = answer(*sent_)
            assert (refused.status_code, refused.json()["code"]) == (status, code)
