"""Classification without training: labels in words, compared with pictures.

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
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from timanh.errors import QueryError
from timanh.models.encoder import Encoder, Vectors

TEMPLATES = {
    "en": (
        "{}", "a photo of a {}.", "a picture of a {}.", "an image of a {}.",
        "a photo of the {}.", "a close-up photo of a {}.", "there is a {} in the picture.",
    ),
    "vi": (
        "{}", "một bức ảnh chụp {}", "một bức ảnh về {}", "hình ảnh {}", "ảnh {}",
        "ảnh chụp cận cảnh {}", "trong ảnh có {}",
    ),
}  # fmt: skip
# What the labels compete with where none of them may fit.
GENERIC = {
    "en": ("a photo", "a picture of something", "an object", "a scene", "something else"),
    "vi": ("một bức ảnh", "ảnh chụp thứ gì đó", "một đồ vật", "một khung cảnh", "một thứ khác"),
}
USUAL_SCALE = 100.0  # of CLIP after its training; for an encoder that has learned none
MAX_LABELS, MAX_TEMPLATES = 1000, 100
KEPT = 64  # sets of labels whose vectors stay in memory


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
    """

    names: tuple[str, ...]
    vectors: Vectors
    generic: Vectors | None
    scale: float
    bias: float
    independent: bool

    def classify(self, images: Vectors) -> NDArray[np.float32]:
        """Probabilities, 0..1.

        Args:
            images: (N, dim) unit vectors of pictures.

        Returns:
            (N, L), with one more column at the end, for none of them, where `generic` is given.
            Rows sum to 1, unless labels are judged independently.
        """
        count = len(self.names)
        texts = self.vectors
        if self.generic is not None:
            texts = np.concatenate([texts, self.generic])
        logits = self.scale * (images.astype(np.float64) @ texts.T) + self.bias  # (N, L + G)
        if self.independent:
            shares = 1 / (1 + np.exp(-logits))
            none = shares[:, count:].max(axis=1, initial=0.0)
        else:
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            shares = powers / powers.sum(axis=1, keepdims=True)
            none = shares[:, count:].sum(axis=1)
        if self.generic is None:
            return shares.astype(np.float32)
        return np.column_stack([shares[:, :count], none]).astype(np.float32)


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
    ) -> Labels:
        """The labels as vectors: (L, dim).

        Args:
            names: such as ["cat", "dog"].
            templates: texts with {} in the place of the label; None for those of `language`.
            language: "en" or "vi", of templates that are not given and of the generic texts.
            none: "none of these" is an answer too.
            words: what is encoded in place of each name, such as its translation.

        Raises:
            QueryError: no label, a blank one, one twice, a template without {}, or too many.
        """
        chosen = tuple(templates) if templates else TEMPLATES.get(language, TEMPLATES["en"])
        checked = _checked(names, chosen)
        generic = GENERIC.get(language, GENERIC["en"]) if none else ()
        encoded = tuple(words) if words is not None else checked
        key = (self.encoder.text_fingerprint, checked, encoded, chosen, generic)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = self._make(checked, encoded, chosen, generic)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made

    def _make(
        self,
        names: tuple[str, ...],
        words: tuple[str, ...],
        templates: tuple[str, ...],
        generic: tuple[str, ...],
    ) -> Labels:
        texts = [template.replace("{}", word) for word in words for template in templates]
        vectors = self._encode_texts([*texts, *generic])  # (L · T + G, dim)
        each = vectors[: len(texts)].reshape(len(words), len(templates), -1)
        mean = each.mean(axis=1)  # (L, dim)
        unit = (mean / np.linalg.norm(mean, axis=1, keepdims=True)).astype(np.float32)
        scale, bias = _scale_and_bias(self.encoder)
        return Labels(
            names, unit, vectors[len(texts) :] if generic else None,
            scale, bias or 0.0, independent=bias is not None,
        )  # fmt: skip


def _checked(names: Sequence[str], templates: Sequence[str]) -> tuple[str, ...]:
    labels = tuple(" ".join(name.split()) for name in names)
    if not labels:
        raise QueryError("There is no label. Name at least one, such as “cat”.")
    if len(labels) > MAX_LABELS or len(templates) > MAX_TEMPLATES:
        raise QueryError(
            f"{len(labels)} labels in {len(templates)} templates are too many; the limit is "
            f"{MAX_LABELS} labels and {MAX_TEMPLATES} templates."
        )
    if not all(labels):
        raise QueryError("A label is blank. Leave it out.")
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise QueryError(f"The label “{twice}” is given twice. Name each once.")
    wrong = next((template for template in templates if "{}" not in template), None)
    if wrong is not None:
        raise QueryError(
            f"The template “{wrong}” has no {{}}, the place of the label. Write it as in "
            "“a photo of a {}.”"
        )
    return labels


def _scale_and_bias(encoder: Encoder) -> tuple[float, float | None]:
    """What the encoder's training left behind; a bias only where it learned with a sigmoid."""
    network = encoder.model
    scale, bias = (getattr(network, name, None) for name in ("logit_scale", "logit_bias"))
    if scale is None:
        return USUAL_SCALE, None
    return float(np.exp(scale.item())), None if bias is None else float(bias.item())
