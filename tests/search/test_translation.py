"""Translators that hang, refuse, answer nothing, a captcha, or answers wrong in form."""

import json
import threading
import time
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from timanh.search import circuit_breaker
from timanh.search.circuit_breaker import CircuitBreaker
from timanh.search.local_translation import find_local_translator
from timanh.search.translation import Translator
from timanh.search.translation_cache import TranslationCache


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def refuses(text: str) -> object:
    raise ConnectionError("blocked")


def test_a_translator_that_hangs_is_left_behind(hanging: threading.Event) -> None:
    translator = Translator(lambda text: hanging.wait(30), timeout_s=0.2)
    began = time.monotonic()
    answer = translator.translate("con chó")
    assert time.monotonic() - began < 1
    assert answer.translated is None and answer.notice_code == "translator-slow"


def test_a_burst_on_a_hanging_translator_is_answered_in_time_with_few_threads(
    hanging: threading.Event,
) -> None:
    translator = Translator(lambda text: hanging.wait(30), timeout_s=0.5)
    began = time.monotonic()
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(translator.translate, (f"con chó {n}" for n in range(200))))
    assert time.monotonic() - began < 2
    codes = {answer.notice_code for answer in answers}
    assert codes <= {"translator-slow", "translator-resting"}
    hung = [thread for thread in threading.enumerate() if thread.name == "timanh-google"]
    named = [thread for thread in threading.enumerate() if thread.name == "timanh-translator"]
    most = circuit_breaker.SLOTS + circuit_breaker.FAILURES_BEFORE_PAUSE
    assert not hung and 0 < len(named) < most


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "   ",
        7,
        b"a dog",
        ["a dog"],
        {},
        "<!doctype html><html>captcha</html>",
        "x" * 5000,
    ],
)
def test_strange_answers_leave_the_words_as_written(given: object) -> None:
    answer = Translator(lambda text: given).translate("con chó")
    assert answer.translated is None and answer.notice_code == "translator-odd"
    assert "as written" in (answer.notice or "")


def test_errors_long_texts_emoji_and_english_are_all_answered() -> None:
    failed = Translator(refuses).translate("con mèo")
    assert "ConnectionError" in (failed.notice or "")
    assert failed.notice_code == "translator-failed"
    assert Translator(refuses).translate("đ" * 5000).notice_code == "translation-too-long"
    for text in ("🐶", "!!!", ""):
        assert Translator(refuses).translate(text).notice is None
    assert Translator(lambda text: "a  dog\n🐶 ").translate("con chó 🐶").translated == "a dog 🐶"


class Later:
    """A clock that can be put forward."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.offset_s = 0.0
        real = time.monotonic
        monkeypatch.setattr(
            circuit_breaker.time, "monotonic", lambda: real() + self.offset_s
        )  # fmt: skip


def test_after_three_failures_it_rests_then_one_call_tries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[str] = []

    def broken(text: str) -> object:
        calls.append(text)
        raise OSError

    clock = Later(monkeypatch)
    translator = Translator(broken)
    codes = [translator.translate(f"con chó {number}").notice_code for number in range(6)]
    assert len(calls) == 3 and codes[3:] == ["translator-resting"] * 3
    clock.offset_s = 61
    assert translator.translate("con chó a").notice_code == "translator-failed"
    assert translator.translate("con chó b").notice_code == "translator-resting"
    assert len(calls) == 4
    clock.offset_s = 61 + 61  # a trial that fails doubles the pause
    assert translator.translate("con chó c").notice_code == "translator-resting"
    clock.offset_s = 61 + 121
    assert translator.translate("con chó d").notice_code == "translator-failed"
    assert len(calls) == 5


def test_after_a_rest_it_recovers_while_old_threads_still_hang(
    monkeypatch: pytest.MonkeyPatch, hanging: threading.Event
) -> None:
    calls: list[str] = []

    def hangs_at_first(text: str) -> object:
        calls.append(text)
        return hanging.wait(30) if len(calls) <= 4 else "a dog"

    clock = Later(monkeypatch)
    translator = Translator(hangs_at_first, timeout_s=0.05)
    for number in range(3):
        translator.translate(f"con chó {number}")
    assert translator.translate("con chó").notice_code == "translator-resting"
    clock.offset_s = 61
    assert translator.translate("con chó").notice_code == "translator-slow"
    clock.offset_s = 61 + 121
    translator.timeout_s = 5
    assert translator.translate("con chó").translated == "a dog"
    assert translator.translate("con mèo").translated == "a dog"
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("timanh-translator") == 4  # they still hang


def test_while_many_threads_hang_calls_are_made_one_at_a_time(
    monkeypatch: pytest.MonkeyPatch, hanging: threading.Event
) -> None:
    """A service that hangs now and then must not fill the machine with threads."""
    monkeypatch.setattr(circuit_breaker, "MOST_HUNG", 3)
    clock = Later(monkeypatch)
    breaker = CircuitBreaker("sometimes", lambda text: hanging.wait(30) if text == "hang" else text)

    def ask(text: str, within_s: float) -> str:
        try:
            answer = breaker.request(text, circuit_breaker.time.monotonic() + within_s)
        except circuit_breaker.CallError as error:
            return error.code
        breaker.succeeded()
        return str(answer)

    for _ in range(3):
        assert ask("hang", 0.02) == "translator-slow"
        assert ask("well", 5) == "well"
    assert ask("hang", 0.02) == "translator-slow"
    assert ask("well", 5) == "translator-resting"
    clock.offset_s = 121
    assert ask("well", 5) == "well"


def test_a_failure_that_comes_after_the_deadline_is_slowness(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a connection that is given up at the very moment in which nobody waits any longer."""
    clock = Later(monkeypatch)

    def gives_up(text: str) -> object:
        clock.offset_s = 10
        raise ConnectionError("read timed out")

    translator = Translator(gives_up, timeout_s=3)
    assert translator.translate("con chó").notice_code == "translator-slow"


def test_a_call_without_time_left_is_no_failure_of_the_service() -> None:
    translator = Translator(lambda text: "a dog")
    for number in range(5):
        assert translator.translate(f"con chó {number}", 0).notice_code == "translator-slow"
    assert translator.translate("con chó").translated == "a dog"


def test_the_chain_goes_on_to_the_next_and_says_who_translated() -> None:
    translator = Translator({"local": refuses, "google": lambda text: "a dog"})
    first = translator.translate("con chó")
    assert (first.translated, first.by, first.notice) == ("a dog", "google", None)
    assert translator.translate("con chó").by == "cache"


def test_nfd_and_nfc_are_the_same_words() -> None:
    calls: list[str] = []
    translator = Translator(lambda text: calls.append(text) or "a dog")
    for form in ("NFD", "NFC"):
        assert translator.translate(unicodedata.normalize(form, "con chó")).translated == "a dog"
    assert calls == ["con chó"]


def test_the_same_words_at_the_same_time_are_translated_once(hanging: threading.Event) -> None:
    calls: list[str] = []

    def slow(text: str) -> object:
        calls.append(text)
        hanging.wait(5)
        return "a dog"

    translator = Translator(slow)
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(translator.translate, "con chó") for _ in range(8)]
        time.sleep(0.2)
        hanging.set()
        assert {answer.result().translated for answer in answers} == {"a dog"}
    assert calls == ["con chó"]


def test_the_cache_outlives_the_process_and_half_a_line(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "translations.jsonl"
    for _ in range(2):
        translator = Translator(lambda text: "a dog", cache=TranslationCache(file))
        translator.translate("con chó")
    assert file.read_text(encoding="utf8") == '["con chó", "a dog"]\n'
    with file.open("a", encoding="utf8") as out:
        out.write('[1, 2]\nrubbish\n["con m')
    later = TranslationCache(file)
    assert later.get("con chó") == "a dog" and len(later) == 1
    later.put("con mèo", "a cat")
    assert [json.loads(line)[1] for line in file.read_text(encoding="utf8").splitlines()] == [
        "a dog", "a cat",
    ]  # fmt: skip


def test_the_cache_is_bounded_and_does_without_a_disk(tmp_path: Path) -> None:
    small = TranslationCache(most=2)
    for number in range(4):
        small.put(f"con {number}", f"a {number}")
    assert len(small) == 2 and small.get("con 0") is None
    (tmp_path / "file").write_text("no folder")
    broken = TranslationCache(tmp_path / "file" / "translations.jsonl")
    broken.put("con chó", "a dog")
    assert broken.get("con chó") == "a dog" and broken.file is None


@pytest.fixture(scope="module")
def tiny_marian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A translation model in OPUS-MT's own format, with random weights."""
    spm = pytest.importorskip("sentencepiece")
    import torch
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer

    folder = tmp_path_factory.mktemp("marian")
    text = folder / "text.txt"
    text.write_text("con chó chạy trên bãi biển\na dog runs on the beach\n" * 20, encoding="utf8")
    for side in ("source", "target"):
        spm.SentencePieceTrainer.train(
            input=str(text), model_prefix=str(folder / side), vocab_size=60, minloglevel=2,
            hard_vocab_limit=False,
        )  # fmt: skip
        (folder / f"{side}.model").rename(folder / f"{side}.spm")
    pieces = spm.SentencePieceProcessor(model_file=str(folder / "source.spm"))
    names = ["</s>", "<unk>", *(pieces.id_to_piece(i) for i in range(3, len(pieces))), "<pad>"]
    (folder / "vocab.json").write_text(json.dumps({name: i for i, name in enumerate(names)}))
    tokenizer = MarianTokenizer(
        str(folder / "source.spm"), str(folder / "target.spm"), str(folder / "vocab.json")
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    size = {f"{side}_{what}": number for side in ("encoder", "decoder") for what, number in
            (("layers", 1), ("ffn_dim", 16), ("attention_heads", 2))}  # fmt: skip
    last = len(names) - 1
    config = MarianConfig(
        vocab_size=len(names), pad_token_id=last, eos_token_id=0, decoder_start_token_id=last,
        max_position_embeddings=64, forced_eos_token_id=0, d_model=16, **size,
    )  # fmt: skip
    MarianMTModel(config).save_pretrained(folder)
    return folder


def test_a_model_on_this_machine_is_found_and_used(tiny_marian: Path, tmp_path: Path) -> None:
    translate = find_local_translator(tiny_marian)
    assert translate is not None and isinstance(translate("con chó chạy"), str)
    assert find_local_translator(tmp_path) is None
    assert find_local_translator("nobody/no-such-model") is None
