"""How a model is trained: one frozen value, saved beside what it made."""

from dataclasses import dataclass, fields
from typing import Any

from timanh.errors import SettingsError


@dataclass(frozen=True)
class Recipe:
    """All choices of a training run.

    Attributes:
        name: of the preset it comes from.
        epochs: passes over the pictures (or over the captions, see `distinct_pictures`).
        batch_size: pairs whose other halves are each other's negatives.
        learning_rate: of the pretrained towers, at its peak.
        text_learning_rate: of the text tower where it differs; None means the same.
        head_learning_rate: of projections and temperature; None means the same.
        distinct_pictures: an epoch shows each picture once with one of its captions; else every
            caption is an item, and a batch may hold a picture twice.
        spare_ambiguous: where a caption is true of other pictures of the batch too, do not take
            them as wrong answers to it; for short captions, see `timanh.training.ambiguity`.
        head_epochs: epochs at the start in which only the heads are trained.
        freeze_norm: keep a pretrained tower's batch statistics as they are.
        warmup: share of all steps over which the rate rises from 0.
        cosine: let the rate fall to 0 along a cosine; else it stays.
        crop: smallest share of a picture's area that a random crop keeps; 1 crops nothing.
        flip: mirror pictures at random, unless their caption says left or right.
        drop_words: chance for each word of a caption to be left out, unless it is short.
        drop_marks: chance for a caption to lose its diacritics, as people type Vietnamese.
        average: decay of the running average of the weights per step; 0 keeps none.
        seed: everything random follows from it and the number of the epoch.
    """

    name: str
    epochs: int
    batch_size: int
    learning_rate: float
    text_learning_rate: float | None = None
    head_learning_rate: float | None = None
    weight_decay: float = 0.1
    distinct_pictures: bool = True
    spare_ambiguous: bool = False
    head_epochs: int = 0
    freeze_norm: bool = True
    warmup: float = 0.0
    cosine: bool = False
    clip_norm: float | None = 1.0
    crop: float = 1.0
    flip: bool = False
    drop_words: float = 0.0
    drop_marks: float = 0.0
    average: float = 0.0
    mixed_precision: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 2:
            raise SettingsError(
                f"A run needs at least 1 epoch and 2 pairs a batch; {self.epochs} epochs and "
                f"batches of {self.batch_size} came. A pair learns only from the others beside it."
            )
        if not self.learning_rate > 0:
            raise SettingsError(f"The learning rate must be above 0; {self.learning_rate} came.")

    @classmethod
    def named(cls, name: str, *, joined: bool = False, **changes: Any) -> "Recipe":
        """A preset with some values changed; None leaves the preset's value.

        `joined` says that the model is two towers with new heads, for which `strong` differs.

        Raises:
            SettingsError: no preset or no setting of that name.
        """
        if name not in PRESETS:
            raise SettingsError(f"Unknown recipe {name!r}; known are {', '.join(PRESETS)}.")
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(changes) - known)
        if unknown:
            raise SettingsError(f"A recipe has no {', '.join(unknown)}; it has {sorted(known)}.")
        given = {key: value for key, value in changes.items() if value is not None}
        preset = {**PRESETS[name], **(JOINED if joined and name == "strong" else {})}
        return cls(**{"name": name, **preset, **given})


PRESETS: dict[str, dict[str, Any]] = {
    # The original report's: every caption an item, a small batch, a very small constant rate.
    "report": {
        "epochs": 3,
        "batch_size": 16,
        "learning_rate": 1e-6,
        "distinct_pictures": False,
        "weight_decay": 0.01,
        "clip_norm": None,
    },
    # Batches of distinct pictures, as large as fits; for models whose towers know each other.
    "strong": {
        "epochs": 5,
        "batch_size": 256,
        "learning_rate": 1e-5,
        "warmup": 0.1,
        "cosine": True,
        "crop": 0.5,
        "flip": True,
    },
    # From random weights on drawn pictures, for the checkpoint that comes with the package.
    "demo": {
        "epochs": 11,
        "spare_ambiguous": True,
        "batch_size": 256,
        "learning_rate": 2e-3,
        "weight_decay": 0.05,
        "warmup": 0.1,
        "cosine": True,
        "flip": True,
        "freeze_norm": False,
        "drop_words": 0.1,
        "drop_marks": 0.1,
        "mixed_precision": False,
    },
}

# What `strong` changes for towers that have only just been joined: their heads are random, so
# they are trained alone first, and the towers have further to go. See docs/recipe.md.
JOINED: dict[str, Any] = {
    "epochs": 7,
    "batch_size": 128,
    "learning_rate": 3e-4,
    "text_learning_rate": 5e-5,
    "head_learning_rate": 1e-3,
    "head_epochs": 1,
}
