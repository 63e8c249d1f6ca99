"""Name and languages of a checkpoint, which transformers' files do not hold."""

import json
from dataclasses import dataclass
from pathlib import Path

from timanh.models.preparation import ImagePreparation

FILE = "timanh.json"
WEIGHTS = ".safetensors"  # a folder that has new weights has everything else that they need

# Text towers that were trained on many languages, Vietnamese among them.
MULTILINGUAL = ("siglip2", "metaclip-2-worldwide", "metaclip_2_worldwide", "xlm", "multilingual")
VIETNAMESE = ("phobert", "vietnamese", "-vi-")


@dataclass(frozen=True)
class Sidecar:
    """What is kept of a checkpoint in `timanh.json` beside the weights.

    Attributes:
        name: as of `Encoder`.
        languages: as of `Encoder`.
        reads_unmarked: as of `Encoder`.
    """

    name: str
    languages: tuple[str, ...]
    reads_unmarked: bool = False

    def save(self, folder: Path, preparation: ImagePreparation) -> None:
        """Write `timanh.json` and `preprocessor_config.json`."""
        content: dict[str, object] = {"name": self.name, "languages": list(self.languages)}
        if self.reads_unmarked:
            content["reads_unmarked"] = True
        _write(folder / FILE, content)
        preparation.save(folder)

    @classmethod
    def load(cls, folder: Path, name: str) -> "Sidecar":
        """Read it, or guess the languages from the name of a checkpoint that has none."""
        file = folder / FILE
        if file.is_file():
            stored = json.loads(file.read_text(encoding="utf8"))
            return cls(
                str(stored.get("name", name)), tuple(stored.get("languages", ("en",))),
                bool(stored.get("reads_unmarked", False)),
            )  # fmt: skip
        return cls(name, guess_languages(name))


def guess_languages(name: str) -> tuple[str, ...]:
    """ISO codes from a model's name; English alone unless the name promises more."""
    lowered = name.lower()
    if any(word in lowered for word in MULTILINGUAL):
        return ("en", "vi")
    if any(word in lowered for word in VIETNAMESE):
        return ("vi",)
    return ("en",)


def _write(file: Path, content: dict[str, object]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf8")
