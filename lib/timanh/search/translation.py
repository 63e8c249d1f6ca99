"""Vietnamese queries for encoders that know only English.

deep-translator reads Google's page: it has no time limit of its own, is blocked at times, and
answers None to what it does not like. So it runs on a thread that is left behind when it takes
too long, its answers are remembered, and when it fails the query goes on as it was written.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from timanh.search.language import detect_language

__all__ = ["Translation", "Translator", "detect_language", "google_translate"]

MOST_CHARACTERS = 4000
REMEMBERED = 2000
FAILURES_BEFORE_PAUSE = 3
PAUSE_S = 60.0


@dataclass(frozen=True)
class Translation:
    """What came of one text.

    Attributes:
        text: as written.
        translated: in English; None where it stays as written.
        language: of `text`, "vi" or "en".
        notice: for a person, why it was not translated; None if all is well.
    """

    text: str
    translated: str | None
    language: str
    notice: str | None = None


class Translator:
    """Never raises and never takes longer than `timeout_s`; may be used by many threads.

    Example:
        >>> Translator(lambda text: "a red car").translate("chiếc ô tô màu đỏ").translated
        'a red car'
    """

    def __init__(
        self, translate: Callable[[str], object] | None = None, *, timeout_s: float = 3.0
    ) -> None:
        self._translate = translate or google_translate
        self.timeout_s = timeout_s
        self._known: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()
        self._failures = 0
        self._paused_until = 0.0

    def translate(self, text: str) -> Translation:
        """Into English, if it is Vietnamese."""
        language = detect_language(text)
        if language == "en" or not text.strip():
            return Translation(text, None, language)
        with self._lock:
            known = self._known.get(text)
            paused = time.monotonic() < self._paused_until
        if known is not None:
            return Translation(text, known, language)
        if len(text) > MOST_CHARACTERS:
            return _as_written(text, language, f"it has more than {MOST_CHARACTERS} characters")
        if paused:
            return _as_written(text, language, "the translator failed several times just now")
        translated, reason = self._ask(text)
        with self._lock:
            self._remember(text, translated)
        if translated is None:
            return _as_written(text, language, reason)
        return Translation(text, translated, language)

    def _ask(self, text: str) -> tuple[str | None, str]:
        """(translation, "") or (None, why there is none)."""
        answers: list[object] = []
        reasons: list[str] = []

        def work() -> None:
            try:
                answers.append(self._translate(text))
            except Exception as error:  # noqa: BLE001 - a scraper may raise anything
                reasons.append(f"the translator failed with {type(error).__name__}")

        thread = threading.Thread(target=work, name="timanh-translate", daemon=True)
        thread.start()
        thread.join(self.timeout_s)
        if thread.is_alive():
            return None, f"the translator did not answer within {self.timeout_s:g} s"
        if reasons:
            return None, reasons[0]
        answer = answers[0]
        if not isinstance(answer, str) or not answer.strip():
            return None, "the translator answered nothing"
        if "<html" in answer.lower() or len(answer) > 20 * len(text) + 200:
            return None, "the translator answered with a web page"
        return answer.strip(), ""

    def _remember(self, text: str, translated: str | None) -> None:
        """Keep an answer; after several failures in a row, leave the translator alone a while.

        That also bounds the threads left hanging: three a minute at most, however many ask.
        """
        if translated is None:
            self._failures += 1
            if self._failures >= FAILURES_BEFORE_PAUSE:
                self._paused_until = time.monotonic() + PAUSE_S
                self._failures = 0
            return
        self._failures = 0
        self._known[text] = translated
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def google_translate(text: str) -> object:
    """Google Translate through deep-translator, Vietnamese to English."""
    from deep_translator import GoogleTranslator

    return GoogleTranslator(source="vi", target="en").translate(text)


def _as_written(text: str, language: str, reason: str) -> Translation:
    notice = f"The words were searched as written, without translation: {reason}."
    return Translation(text, None, language, notice)
