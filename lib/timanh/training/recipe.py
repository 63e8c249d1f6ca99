"""How a model is trained: one frozen value, saved beside what it made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, get_args, get_type_hints

from timanh.errors import SettingsError


@dataclass(frozen=True)
class Recipe:
    """All choices of a training run.

    Attributes:
        name: of the preset it comes from.
        epochs: passes over the pictures (or over the captions, see `distinct_pictures`).
        batch_size: pairs whose other halves are each other's negatives.
        micro_batch: how many pairs of a batch are computed at a time, for batches larger than
            memory; the gradients stay those of the whole batch. None computes all at once.
        loss: "infonce" (CLIP's) or "sigmoid" (SigLIP's).
        label_smoothing: share of each target that is spread over the whole batch.
        learning_rate: of the pretrained towers, at its peak.
        text_learning_rate: of the text tower where it differs; None means the same.
        head_learning_rate: of projections and temperature; None means the same.
        layer_decay: factor to the rate from each block to the one below it; 1 is the same for all.
        train: "all", "vision" or "text" (that tower and the heads) or "heads".
        frozen_blocks: how many of the lowest blocks of each tower stay as they are.
        frozen_share: the same as a share of each tower's blocks, for towers of unlike height; the
            larger of both counts.
        lora: rank of low-rank adapters that are trained in place of the towers; 0 trains them
            themselves. Needs `peft`.
        head_steps: steps of 512 captions by which the new heads of joined towers are trained before
            all epochs, on what the towers give, computed once.
        head_steps_after: the same after the last epoch, from what the heads are then; not where
            `patience` ended the run before.
        head_dropout: chance for each number that a tower gives to be left out before its head.
        head_epochs: epochs at the start in which only the heads are trained.
        freeze_norm: keep a pretrained tower's batch statistics as they are.
        distinct_pictures: an epoch shows each picture once, with captions drawn from its own; else
            every caption is an item, and a batch may hold a picture twice.
        captions_per_picture: how many of its captions come with each picture of a batch.
        shared_captions: a caption that is true of other pictures of the batch is a right answer
            for them too; for short captions, see `timanh.training.shared`.
        temperature: of the loss, at which it stays; None learns it, from 0.07 or the model's on.
        beta2, epsilon: of Adam; 0.999 and 1e-8 are those of PyTorch's.
        warmup: share of all steps over which the rate rises from 0.
        cosine: let the rate fall to 0 along a cosine; else it stays.
        crop: smallest share of a picture's area that a random crop keeps; 1 crops nothing.
        flip: mirror pictures at random, unless a caption says left or right.
        colour: how far brightness, contrast and saturation vary, as a share of what they are.
        drop_words: chance for each word of a caption to be left out, unless it is short.
        vietnamese: chance for an English caption to be shown word by word in Vietnamese, by a list
            that comes with the package.
        drop_marks: chance for a caption to lose its diacritics, as people type Vietnamese.
        average: decay per step of a running average of the weights, which is what is measured
            and kept; 0 keeps the weights themselves.
        patience: epochs without a better dev recall after which a run ends; None never ends it.
        mixed_precision: compute in bf16 or fp16 where the device has it.
        seed: everything random follows from it and the number of the step.
    """

    name: str
    epochs: int
    batch_size: int
    learning_rate: float
    micro_batch: int | None = None
    loss: str = "infonce"
    label_smoothing: float = 0.0
    text_learning_rate: float | None = None
    head_learning_rate: float | None = None
    layer_decay: float = 1.0
    train: str = "all"
    frozen_blocks: int = 0
    frozen_share: float = 0.0
    lora: int = 0
    weight_decay: float = 0.1
    distinct_pictures: bool = True
    captions_per_picture: int = 1
    shared_captions: bool = False
    head_steps: int = 0
    head_steps_after: int = 0
    head_dropout: float = 0.0
    head_epochs: int = 0
    freeze_norm: bool = True
    temperature: float | None = None
    beta2: float = 0.98
    epsilon: float = 1e-6
    warmup: float = 0.0
    cosine: bool = False
    clip_norm: float | None = 1.0
    crop: float = 1.0
    flip: bool = False
    colour: float = 0.0
    drop_words: float = 0.0
    vietnamese: float = 0.0
    drop_marks: float = 0.0
    average: float = 0.0
    patience: int | None = None
    mixed_precision: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 2:
            raise SettingsError(
                f"A run needs at least 1 epoch and 2 pairs a batch; got {self.epochs} epochs "
                f"and batches of {self.batch_size}. A pair learns only from the others beside it."
            )
        require_settings(self, RANGES, {"loss": LOSSES, "train": TRAINED})
        if self.captions_per_picture > 1 and not self.distinct_pictures:
            raise SettingsError(
                "Several captions per picture need batches of distinct pictures; set "
                "distinct_pictures, or take one caption per picture."
            )

    @classmethod
    def named(cls, name: str, *, joined: bool = False, **changes: Any) -> "Recipe":
        """A preset with some values changed; None leaves the preset's value.

        `joined` says that the model is two towers with new heads, for which `strong` differs.

        Raises:
            SettingsError: no preset or no setting of that name.
        """
        if name not in PRESETS:
            raise SettingsError(f"Unknown recipe {name!r}; known are {', '.join(PRESETS)}.")
        given = given_settings(cls, changes)
        preset = {**PRESETS[name], **(JOINED if joined and name == "strong" else {})}
        return cls(**{"name": name, **preset, **given})

    @classmethod
    def parse(cls, settings: Sequence[str]) -> dict[str, Any]:
        """ "loss=sigmoid", "crop=0.5"… as people type them, for `named`.

        Raises:
            SettingsError: not NAME=VALUE, no such setting, or a value of another type.
        """
        return parse_settings(settings, get_type_hints(cls))


def require_settings(
    recipe: Any,
    ranges: Sequence[tuple[str, float, float]],
    choices: Mapping[str, Sequence[str]],
) -> None:
    """Raises:
    SettingsError: a value of `recipe` is beyond its range, or is none of its choices.
    """
    for name, low, high in ranges:
        value = getattr(recipe, name)
        if value is not None and not low <= value <= high:
            raise SettingsError(f"{name} must be from {low:g} to {high:g}; got {value:g}.")
    if not recipe.learning_rate > 0:
        raise SettingsError(f"The learning rate must be above 0; got {recipe.learning_rate}.")
    for name, known in choices.items():
        if getattr(recipe, name) not in known:
            raise SettingsError(
                f"{name} must be {' or '.join(known)}; got {getattr(recipe, name)!r}."
            )


def given_settings(recipe: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `changes` that are not None.

    Args:
        recipe: the dataclass.

    Raises:
        SettingsError: it has no field of a name.
    """
    known = {field.name for field in fields(recipe)}
    unknown = sorted(set(changes) - known)
    if unknown:
        raise SettingsError(f"A recipe has no {', '.join(unknown)}; it has {sorted(known)}.")
    return {key: value for key, value in changes.items() if value is not None}


def parse_settings(settings: Sequence[str], types: Mapping[str, Any]) -> dict[str, Any]:
    """ "loss=sigmoid"… as people type them, by the type hints of the settings there are.

    Raises:
        SettingsError: not NAME=VALUE, no such setting, or a value of another type.
    """
    read: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or name not in types:
            known = ", ".join(sorted(types))
            raise SettingsError(f"{setting!r} is not NAME=VALUE with a NAME of {known}.")
        read[name] = _read(name, text, types[name])
    return read


def _read(name: str, text: str, hint: Any) -> Any:
    kind: Any = next(each for each in get_args(hint) or (hint,) if each is not type(None))
    try:
        return {"true": True, "false": False}[text.lower()] if kind is bool else kind(text)
    except (KeyError, ValueError) as error:
        wanted = "true or false" if kind is bool else f"a value of type {kind.__name__}"
        raise SettingsError(f"{name} takes {wanted}; got {text!r}.") from error


LOSSES = ("infonce", "sigmoid")
TRAINED = ("all", "vision", "text", "heads")
RANGES: tuple[tuple[str, float, float], ...] = (
    ("micro_batch", 1, 1e9), ("label_smoothing", 0, 0.9), ("layer_decay", 0.01, 1),
    ("frozen_blocks", 0, 1e6), ("frozen_share", 0, 1), ("head_steps", 0, 1e6),
    ("head_steps_after", 0, 1e6), ("head_dropout", 0, 0.9),
    ("lora", 0, 4096), ("captions_per_picture", 1, 100),
    ("warmup", 0, 1), ("crop", 0.01, 1), ("colour", 0, 0.9), ("drop_words", 0, 0.9),
    ("vietnamese", 0, 1), ("drop_marks", 0, 1), ("temperature", 0.01, 1),
    ("beta2", 0.5, 0.99999), ("epsilon", 0, 0.1), ("average", 0, 0.99999), ("patience", 1, 1e6),
)  # fmt: skip
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
    # A Vietnamese report's: ResNet-50 and PhoBERT, a fixed temperature, PyTorch's Adam.
    "vietnamese-report": {
        "epochs": 10,
        "batch_size": 32,
        "learning_rate": 1e-4,
        "temperature": 0.01,
        "distinct_pictures": False,
        "weight_decay": 0.0,
        "clip_norm": None,
        "freeze_norm": False,
        "beta2": 0.999,
        "epsilon": 1e-8,
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
        "epochs": 14,
        "captions_per_picture": 3,
        "shared_captions": True,
        "batch_size": 128,
        "learning_rate": 2e-3,
        "weight_decay": 0.05,
        "warmup": 0.1,
        "cosine": True,
        "flip": True,
        "freeze_norm": False,
        "drop_words": 0.1,
        "drop_marks": 0.1,
    },
}

# What `strong` changes for towers that have only just been joined: their heads are random, so
# they are trained alone first, and the towers have further to go, but for their lowest blocks,
# which cost most on a CPU. See docs/recipe.md.
JOINED: dict[str, Any] = {
    "epochs": 7,
    "batch_size": 128,
    "learning_rate": 2e-4,
    "text_learning_rate": 5e-5,
    "head_learning_rate": 2e-4,
    "head_steps": 800,
    "head_steps_after": 300,
    "head_dropout": 0.5,
    "frozen_share": 0.46,
}

# How a recipe joins two towers, where it says so: what `join_towers` takes.
TOWERS: dict[str, dict[str, Any]] = {"vietnamese-report": {"dim": 256, "max_tokens": 50}}
