"""Vietnamese queries for encoders that know only English.

In turn: the cache, a model on this machine, Google's page through deep-translator; where none
answers, the words as written. The page is slow or blocked at times, and its answer may not be a
translation; hence `CircuitBreaker`.
"""

import threading
import time
import unicodedata
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from timanh.search.circuit_breaker import CallError, CircuitBreaker, too_slow
from timanh.search.translation_cache import TranslationCache

MOST_CHARACTERS = 4000
Translate = Callable[[str], object]


@dataclass(frozen=True)
class Translation:
    """The translation of one text, or why there is none.

    Attributes:
        translated: in English; None where it stays as written.
        by: "cache" or the name of the translator; None where it stays as written.
        notice: for a person, why it was not translated; None if all is well.
        notice_code: the same for programs.
    """

    translated: str | None
    by: str | None = None
    notice: str | None = None
    notice_code: str | None = None


class Translator:
    """Never raises and never takes longer than `timeout_s`; may be used by many threads.

    Example:
        >>> Translator(lambda text: "a red car").translate("chiếc ô tô màu đỏ").translated
        'a red car'
    """

    def __init__(
        self,
        services: Mapping[str, Translate] | Translate | None = None,
        *,
        timeout_s: float = 3.0,
        cache: TranslationCache | None = None,
    ) -> None:
        """
        Args:
            services: one, or several by name in the order in which they are tried; None for
                Google.
            timeout_s: for all of them together.
        """
        chosen = services or google_translate
        if callable(chosen):
            chosen = {"google" if services is None else "translator": chosen}
        self.services = tuple(CircuitBreaker(name, call) for name, call in chosen.items())
        self.timeout_s = timeout_s
        self.cache = TranslationCache() if cache is None else cache
        self._lock = threading.Lock()
        self._running: dict[str, Future[Translation]] = {}

    def translate(self, text: str, within_s: float | None = None) -> Translation:
        """Vietnamese into English; within `timeout_s` or what is left of it.

        The text must be Vietnamese: with or without marks, NFC or NFD.
        """
        text = unicodedata.normalize("NFC", text)
        if not any(letter.isalpha() for letter in text):
            return Translation(None)
        known = self.cache.get(text)
        if known is not None:
            return Translation(known, "cache")
        if len(text) > MOST_CHARACTERS:
            reason = f"it has more than {MOST_CHARACTERS} characters"
            return _as_written(CallError("translation-too-long", reason))
        limit_s = self.timeout_s if within_s is None else min(within_s, self.timeout_s)
        return self._translate_once(text, time.monotonic() + max(0.0, limit_s))

    def _translate_once(self, text: str, deadline: float) -> Translation:
        """Requests for the same words at the same time share one translation."""
        with self._lock:
            shared = self._running.get(text)
            started: Future[Translation] | None = None
            if shared is None:
                shared = started = self._running[text] = Future()
        if started is not None:
            try:
                started.set_result(self._try_services(text, deadline))
            except BaseException as error:
                started.set_exception(error)
                raise
            finally:
                with self._lock:
                    del self._running[text]
        try:
            return shared.result(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            return _as_written(too_slow())

    def _try_services(self, text: str, deadline: float) -> Translation:
        failure = CallError("no-translator", "there is no translator")
        for service in self.services:
            try:
                translated = _checked(service.request(text, deadline), text)
            except CallError as error:
                if error.code == "translator-odd":
                    service.failed()
                failure = error
                continue
            service.succeeded()
            self.cache.put(text, translated)
            return Translation(translated, service.name)
        return _as_written(failure)


def google_translate(text: str) -> object:
    """Google Translate's page, Vietnamese to English; a connection is given up after 6 s."""
    from timanh.search.google import translate_page  # requests is loaded when it is needed

    return translate_page(text)


def google_to_vietnamese(text: str) -> object:
    """The same, English to Vietnamese."""
    from timanh.search.google import translate_page

    return translate_page(text, "en", "vi")


def _checked(answer: object, text: str) -> str:
    """Raises:
    CallError: translator-odd, no text, or a web page in place of one.
    """
    if not isinstance(answer, str) or not answer.strip():
        raise CallError("translator-odd", "the translator answered nothing")
    if "<html" in answer.lower() or len(answer) > 20 * len(text) + 200:
        raise CallError("translator-odd", "the translator answered with a web page")
    return " ".join(answer.split())


def _as_written(failure: CallError) -> Translation:
    notice = f"The words were searched as written, without translation: {failure}."
    return Translation(None, None, notice, failure.code)
