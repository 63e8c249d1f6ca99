"""Labels as vectors, and the probabilities of pictures.

Each label is put into templates ("a photo of a {}."); the mean of their unit vectors, made a unit
vector again, stands for the label (Radford et al. 2021, section 3.1.4). With one template, the
probabilities are those of transformers' zero-shot pipeline.

"None of these" is one more column: generic texts ("a photo", "an object") compete with the labels,
and the column has what goes to them.

    >>> zero_shot = ZeroShot(load_encoder("demo"))
    >>> labels = zero_shot.labels(["cat", "dog"], none=True)
    >>> labels.classify(encoder.encode_images([picture]))
    array([[0.91, 0.02, 0.07]], dtype=float32)
"""

import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from timanh.errors import QueryError
from timanh.models.encoder import Encoder, Vectors
from timanh.models.text.typed import labels_with_marks
from timanh.models.zero_shot.examples import FromExamples
from timanh.models.zero_shot.templates import GENERIC, templates_of
from timanh.progress import tqdm
from timanh.workspace import require_whole

NONE = "none of these"
USUAL_SCALE = 100.0  # of CLIP after its training; for an encoder that has learned none
MAX_LABELS, MAX_TEMPLATES = 10_000, 100
KEPT = 64  # sets of labels whose vectors stay in memory
KEPT_LABELS = 20_000  # in all of these sets
AT_ONCE = 2048  # texts that are encoded before their vectors are averaged


@dataclass(frozen=True)
class Labels:
    """Labels as vectors, ready to classify.

    Attributes:
        names: L labels, in the order of the columns.
        vectors: (L, dim) float32, rows of unit length.
        generic: (G, dim) float32 for "none of these"; None where that is no answer.
        scale, bias: logits are `scale` · cosine + `bias`.
        independent: each label is judged on its own by a sigmoid, as SigLIP was trained; else all
            of them share a softmax.
        examples: pictures of the labels that raise the logits of those like them.
    """

    names: tuple[str, ...]
    vectors: Vectors
    generic: Vectors | None
    scale: float
    bias: float
    independent: bool
    examples: FromExamples | None = None

    @property
    def answers(self) -> tuple[str, ...]:
        """What the columns of `classify` stand for."""
        return self.names if self.generic is None else (*self.names, NONE)

    def with_examples(self, examples: FromExamples | None) -> "Labels":
        """The same labels with these examples, or without any."""
        return replace(self, examples=examples)

    def classify(self, images: Vectors) -> NDArray[np.float32]:
        """Probabilities, 0..1.

        Args:
            images: (N, dim) unit vectors of pictures.

        Returns:
            (N, L), with one more column at the end, for none of them, where `generic` is given.
            Rows sum to 1, unless labels are judged independently.
        """
        count = len(self.names)
        logits = self.logits(images)
        if self.independent:
            shares = _sigmoid(logits)
            none = shares[:, count:].max(axis=1, initial=0.0)
        else:
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            shares = powers / powers.sum(axis=1, keepdims=True)
            none = shares[:, count:].sum(axis=1)
        if self.generic is None:
            return shares.astype(np.float32)
        return np.column_stack([shares[:, :count], none]).astype(np.float32)

    def classify_each(self, images: Vectors) -> NDArray[np.float32]:
        """(N, L) probabilities, 0..1, of each label on its own, for pictures of several.

        Each is compared with the generic texts alone; a label of a sigmoid with nothing.

        Raises:
            QueryError: there are no generic texts to compare with.
        """
        self.require_background()
        count = len(self.names)
        logits = self.logits(images)
        if self.independent or self.generic is None:
            return _sigmoid(logits[:, :count]).astype(np.float32)
        others = logits[:, count:]
        most = others.max(axis=1, keepdims=True)
        background = most + np.log(np.exp(others - most).sum(axis=1, keepdims=True))
        return _sigmoid(logits[:, :count] - background).astype(np.float32)

    def require_background(self) -> None:
        """Raises:
        QueryError: `classify_each` has nothing to compare the labels with.
        """
        if self.generic is None and not self.independent:
            raise QueryError(
                "Several labels at once are compared with “none of these”, which is left out. "
                "Take it in."
            )

    def logits(self, images: Vectors) -> NDArray[np.float64]:
        """(N, L + G), the labels first, then the generic texts."""
        texts = self.vectors
        if self.generic is not None:
            texts = np.concatenate([texts, self.generic])
        logits = self.scale * (images.astype(np.float64) @ texts.T) + self.bias
        if self.examples is not None:
            logits[:, : len(self.names)] += self.examples.logits(images)
        return np.asarray(logits, np.float64)


class ZeroShot:
    """Makes `Labels` with one encoder, and keeps the latest of them.

    May be used from many threads, as long as `encode_texts` may.
    """

    def __init__(
        self, encoder: Encoder, encode_texts: Callable[[Sequence[str]], Vectors] | None = None
    ) -> None:
        """
        Args:
            encode_texts: in place of the encoder's, where several threads share it.
        """
        self.encoder = encoder
        self._encode_texts = encode_texts or encoder.encode_texts
        self._kept: OrderedDict[tuple[object, ...], Labels] = OrderedDict()
        self._lock = threading.Lock()

    def labels(
        self,
        names: Sequence[str],
        *,
        templates: Sequence[str] | None = None,
        language: str = "en",
        none: bool = False,
        words: Sequence[str] | None = None,
        progress: bool = False,
    ) -> Labels:
        """The labels as vectors: (L, dim).

        Args:
            names: such as ["cat", "dog"].
            templates: texts with {} in the place of the label; None for the encoder's in
                `language`.
            language: "en" or "vi", of templates that are not given and of the generic texts;
                Vietnamese words that were typed without their marks are encoded with them where
                the encoder needs them.
            none: "none of these" is an answer too.
            words: what is encoded in place of each name, such as its translation.
            progress: show a bar where there are many texts.

        Raises:
            QueryError: no label, a blank one, one twice, a template without {}, or too many.
        """
        chosen = tuple(templates) if templates else templates_of(self.encoder, language)
        checked = _checked(names, chosen)
        generic = GENERIC.get(language, GENERIC["en"]) if none else ()
        encoded = tuple(words) if words is not None else checked
        if language == "vi":
            encoded = labels_with_marks(encoded, self.encoder)
        key = (self.encoder.text_fingerprint, checked, encoded, chosen, generic)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = self._make(checked, encoded, chosen, generic, progress)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > 1 and (
                len(self._kept) > KEPT
                or sum(len(each.names) for each in self._kept.values()) > KEPT_LABELS
            ):
                self._kept.popitem(last=False)
        return made

    def _make(
        self,
        names: tuple[str, ...],
        words: tuple[str, ...],
        templates: tuple[str, ...],
        generic: tuple[str, ...],
        progress: bool,
    ) -> Labels:
        unit = np.empty((len(words), self.encoder.dim), np.float32)
        step = max(1, AT_ONCE // len(templates))
        small = not progress or len(words) <= step
        with tqdm(total=len(words), desc="labels", unit="label", disable=small) as bar:
            for start in range(0, len(words), step):
                some = words[start : start + step]
                texts = [template.replace("{}", word) for word in some for template in templates]
                each = self._encode_texts(texts).reshape(len(some), len(templates), -1)
                mean = each.mean(axis=1)  # (some, dim)
                unit[start : start + step] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
                bar.update(len(some))
        scale, bias = _scale_and_bias(self.encoder)
        return Labels(
            names, unit, self._encode_texts(list(generic)) if generic else None,
            scale, bias or 0.0, independent=bias is not None,
        )  # fmt: skip


def _checked(names: Sequence[str], templates: Sequence[str]) -> tuple[str, ...]:
    labels = tuple(unicodedata.normalize("NFC", " ".join(name.split())) for name in names)
    if not labels:
        raise QueryError("There is no label. Name at least one, such as “cat”.")
    if len(labels) > MAX_LABELS or len(templates) > MAX_TEMPLATES:
        raise QueryError(
            f"{len(labels)} labels in {len(templates)} templates are too many; the limit is "
            f"{MAX_LABELS} labels and {MAX_TEMPLATES} templates."
        )
    if not all(labels):
        raise QueryError("A label is blank. Leave it out.")
    for text in (*labels, *templates):
        require_whole(text)
    seen: set[str] = set()
    for label in labels:
        if label in seen:
            raise QueryError(f"The label “{_short(label)}” is given twice. Name each once.")
        seen.add(label)
    wrong = next((template for template in templates if "{}" not in template), None)
    if wrong is not None:
        raise QueryError(
            f"The template “{_short(wrong)}” has no {{}}, the place of the label. Write it as in "
            "“a photo of a {}.”"
        )
    return labels


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-np.clip(logits, -700, 700)))


def _scale_and_bias(encoder: Encoder) -> tuple[float, float | None]:
    """What the encoder's training left behind; a bias only where it learned with a sigmoid."""
    network = encoder.model
    scale, bias = (getattr(network, name, None) for name in ("logit_scale", "logit_bias"))
    if scale is None:
        return USUAL_SCALE, None
    return float(np.exp(scale.item())), None if bias is None else float(bias.item())
