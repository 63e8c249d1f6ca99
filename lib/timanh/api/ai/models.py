"""The models of the AI service, loaded when first needed, and how each part is doing."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from timanh.errors import TimAnhError
from timanh.models import Encoder
from timanh.models.encoder import Vectors
from timanh.search import Translator

Model = TypeVar("Model")
Result = TypeVar("Result")
State = Literal["ready", "waiting", "starting", "failed", "absent"]


class Caption(Protocol):
    """A caption as a captioner writes it."""

    @property
    def text(self) -> str: ...


class LookedAt(Protocol):
    """Where a captioner looked while it wrote a word."""

    @property
    def word(self) -> str: ...

    @property
    def weights(self) -> NDArray[np.float32]: ...


class Attention(Protocol):
    """Where it looked, word by word, and what of the picture that covers."""

    @property
    def words(self) -> Sequence[LookedAt]: ...

    @property
    def area(self) -> tuple[float, float, float, float]: ...


class Captioner(Protocol):
    """What the service uses of `timanh.captioning`'s contract."""

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def languages(self) -> Sequence[str]: ...

    def captions(
        self, images: Sequence[Image.Image], language: str | None = None, *, count: int = 1
    ) -> Sequence[Sequence[Caption]]: ...

    def attention(
        self, image: Image.Image, text: str, language: str | None = None
    ) -> Attention | None: ...


class Part(Generic[Model]):
    """One model: not loaded until it is needed, and then once, however many threads ask.

    Attributes:
        state: "absent" there is none, "waiting" to be loaded by the first request, "starting",
            "ready" after it computed something, "failed" after it did not.
        detail: why it failed.
    """

    def __init__(self, load: Callable[[], Model] | None) -> None:
        self._load = load
        self._model: Model | None = None
        self._lock = threading.Lock()
        self.state: State = "waiting" if load else "absent"
        self.detail: str | None = None

    @property
    def loaded(self) -> Model | None:
        """The model, where it is in memory."""
        return self._model

    def get(self) -> Model:
        """The model; loads it, which may take minutes.

        Raises:
            ModelError: it cannot be loaded; the next call tries again.
        """
        if self._model is None:
            if self._load is None:
                raise LookupError("there is no such model")
            with self._lock:
                if self._model is None:
                    self.state = "starting"
                    try:
                        self._model = self._load()
                    except Exception as error:
                        self.failed(error)
                        raise
        return self._model

    def computing(self, work: Callable[[], Result]) -> Result:
        """What `work` gives; remembers whether the model still computes. What is wrong with a
        query is no fault of it.

        Raises:
            Exception: whatever `work` raises.
        """
        try:
            result = work()
        except TimAnhError:
            raise
        except Exception as error:
            self.failed(error)
            raise
        self.state, self.detail = "ready", None
        return result

    def failed(self, error: Exception) -> None:
        self.state = "failed"
        self.detail = " ".join(str(error).split())[:300] or type(error).__name__


class AiModels:
    """An encoder, perhaps a captioner, and a translator for encoders without Vietnamese."""

    def __init__(
        self,
        encoder: Callable[[], Encoder],
        captioner: Callable[[], Captioner] | None = None,
        *,
        encode_texts: Callable[[Sequence[str]], Vectors] | None = None,
        translator: Callable[[Encoder], Translator | None] = lambda encoder: None,
        translator_to: Callable[[str], Translator | None] = lambda language: None,
    ) -> None:
        """
        Args:
            encoder, captioner: load them.
            encode_texts: in place of the encoder's, where others use the encoder too.
            translator: for this encoder, if it needs one.
            translator_to: what translates captions into a language; None for none.
        """
        self.encoder = Part(encoder)
        self.captioner = Part(captioner)
        self._texts = encode_texts
        self._translator = translator
        self.translator_to = translator_to
        # Fast tokenizers may not be used by two threads at once ("Already borrowed").
        self._encoding = threading.Lock()

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """(N, dim) unit vectors; may be called from many threads."""
        if self._texts is not None:
            return self._texts(texts)
        encoder = self.encoder.get()
        with self._encoding:
            return encoder.encode_texts(texts)

    def translate(self, text: str, language: str | None) -> str | None:
        """English for an encoder that does not know `language`; None where it stays as written."""
        encoder = self.encoder.get()
        if language != "vi" or language in encoder.languages:
            return None
        translator = self._translator(encoder)
        return None if translator is None else translator.translate(text).translated
