"""How a captioner is trained and how it searches for its sentences: one frozen value."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

from timanh.captioning.choosing import BEST, LIKELIEST, WAYS
from timanh.errors import SettingsError
from timanh.training.recipe import given_settings, parse_settings, require_settings

DECODERS = ("lstm", "transformer", "prefix")
JUDGES = ("cider", "loss")


@dataclass(frozen=True)
class CaptionRecipe:
    """All choices of a run.

    Attributes:
        name: of the preset it comes from.
        decoder: "lstm", "transformer" or "prefix".
        language_model: of a prefix: the causal language model that goes on from it, by hub id or
            folder.
        prefix, lora: of a prefix: its length in words, and the rank of the adapters beside the
            language model's matrices; 0 leaves it as it is.
        embed, hidden, layers, heads: of the decoder; `hidden` is the transformer's width too.
        grid: attend to the picture's grid; else to its pooled features alone.
        splitting: how captions become words, "plain" or "report".
        min_count: how often a word must occur in the training captions.
        most_words: longer captions are cut.
        captions: "all" captions of a picture in one batch, or the "first" alone.
        batch_size: pictures a step.
        epochs, learning_rate, warmup, cosine, weight_decay, clip_norm: as of `Recipe`; with
            `weight_decay` 0 AdamW is Adam.
        label_smoothing: share of each target that is spread over all words.
        dropout: share of numbers that is left out while training.
        mirror: show pictures mirrored at random, unless a caption says left or right.
        tune_encoder: train the last stage of the vision tower too.
        encoder_learning_rate: of that stage.
        encoder_from: the first epoch in which it is trained; the decoder learns alone before.
        crop: smallest share of a picture's area that a random crop keeps, while it is tuned.
        average: decay per step of a running average of the weights, which is kept; 0 is none.
        patience: epochs without a better dev score after which a run ends.
        judge: by what epochs are compared, dev "cider" or dev "loss".
        beams, length_penalty, repetition_penalty, no_repeat: of the search for sentences, as
            transformers' `generate()` has them.
        choose: which of these sentences is taken: the "likeliest"; the "consensus", a likely one
            that says most of what the others say; the one "nearest" to the picture, by the
            vectors of the encoder whose tower it looks through; "balanced", by all of these; or
            the "best" that there is: balanced where there is such an encoder and its tower was
            not tuned, else the likeliest.
        mixed_precision, seed: as of `Recipe`.
    """

    name: str
    decoder: str = "lstm"
    embed: int = 256
    hidden: int = 512
    layers: int = 2
    heads: int = 4
    language_model: str = ""
    prefix: int = 10
    lora: int = 0
    grid: bool = True
    splitting: str = "plain"
    min_count: int = 5
    most_words: int = 24
    captions: str = "all"
    batch_size: int = 64
    epochs: int = 10
    learning_rate: float = 1e-3
    warmup: float = 0.05
    cosine: bool = True
    weight_decay: float = 0.01
    clip_norm: float | None = 1.0
    label_smoothing: float = 0.1
    dropout: float = 0.4
    mirror: bool = True
    tune_encoder: bool = False
    encoder_learning_rate: float = 1e-4
    encoder_from: int = 1
    crop: float = 1.0
    average: float = 0.0
    patience: int | None = None
    judge: str = "cider"
    beams: int = 5
    length_penalty: float = 0.6
    repetition_penalty: float = 1.0
    no_repeat: int = 3
    choose: str = BEST
    mixed_precision: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        require_settings(self, RANGES, CHOICES)
        if self.hidden % self.heads:
            raise SettingsError(
                f"hidden must be a multiple of heads; got {self.hidden} and {self.heads}."
            )

        if (self.decoder == "prefix") != bool(self.language_model):
            raise SettingsError(
                "A prefix needs a language model that goes on from it, and only a prefix does.",
                cli="Give --decoder prefix with --language-model, such as gpt2.",
                notebook='Set decoder="prefix" and language_model="gpt2", or neither.',
            )

    @classmethod
    def named(cls, name: str, **changes: Any) -> "CaptionRecipe":
        """A preset with some values changed; None leaves the preset's value.

        Raises:
            SettingsError: no preset or no setting of that name, or a value out of range.
        """
        if name not in PRESETS:
            raise SettingsError(f"Unknown preset {name!r}; known are {', '.join(PRESETS)}.")
        given = given_settings(cls, changes)
        decoder = given.get("decoder") or PRESETS[name].get("decoder", "lstm")
        defaults = OF_DECODERS.get(decoder, {}) if name != "report" else {}
        return cls(**{"name": name, **defaults, **PRESETS[name], **given})

    @classmethod
    def parse(cls, settings: Sequence[str]) -> dict[str, Any]:
        """ "dropout=0.5", "heads=8"… as people type them, for `named`.

        Raises:
            SettingsError: not NAME=VALUE, no such setting, or a value of another type.
        """
        hints = get_type_hints(cls)
        return parse_settings(settings, {field.name: hints[field.name] for field in fields(cls)})


CHOICES = {
    "decoder": DECODERS,
    "splitting": ("plain", "report"),
    "captions": ("all", "first"),
    "judge": JUDGES,
    "choose": WAYS,
}
RANGES: tuple[tuple[str, float, float], ...] = (
    ("embed", 4, 8192), ("hidden", 4, 8192), ("layers", 1, 48), ("heads", 1, 128),
    ("min_count", 1, 1e6), ("most_words", 1, 256),
    ("batch_size", 1, 1e6), ("epochs", 1, 1e6), ("warmup", 0, 1), ("label_smoothing", 0, 0.9),
    ("dropout", 0, 0.95), ("encoder_from", 0, 1e6), ("crop", 0.01, 1), ("average", 0, 0.99999),
    ("patience", 1, 1e6), ("prefix", 1, 512), ("lora", 0, 1024), ("beams", 1, 64),
    ("length_penalty", -10, 10), ("repetition_penalty", 0.1, 10), ("no_repeat", 0, 100),
)  # fmt: skip

# What differs from decoder to decoder; not measured on real photos yet.
OF_DECODERS: dict[str, dict[str, Any]] = {
    "transformer": {"hidden": 256, "layers": 3, "dropout": 0.2},
    "prefix": {"dropout": 0.1, "label_smoothing": 0.0, "batch_size": 32, "no_repeat": 0},
}
PRESETS: dict[str, dict[str, Any]] = {
    "strong": {},
    # The original report's: one caption a picture, attention over the one global vector.
    "report": {
        "grid": False,
        "layers": 3,
        "heads": 1,
        "splitting": "report",
        "captions": "first",
        "batch_size": 32,
        "epochs": 15,
        "learning_rate": 3e-4,
        "warmup": 0.0,
        "cosine": False,
        "weight_decay": 0.0,
        "clip_norm": None,
        "label_smoothing": 0.0,
        "dropout": 0.5,
        "mirror": False,
        "patience": 2,
        "judge": "loss",
        "length_penalty": 0.7,
        "repetition_penalty": 1.2,
        "no_repeat": 0,
        "choose": LIKELIEST,
        "mixed_precision": False,
    },
}
