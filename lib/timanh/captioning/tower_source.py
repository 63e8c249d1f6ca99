"""Where a captioner's picture tower comes from, so that it is found again."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from timanh.errors import ModelFormatError, SettingsError
from timanh.models import load_encoder, load_picture_tower
from timanh.models.picture_tower import PictureTower
from timanh.models.torch_encoder import TorchEncoder

COPY = "encoder"  # the folder in a captioner's own that holds a copy


@dataclass
class TowerSource:
    """A tower, the encoder it belongs to, and where both came from.

    Attributes:
        tower: what looks at the pictures.
        encoder: the whole encoder; None where the tower was named alone.
        name: as it was named: `demo`, a hub id or a folder.
        fingerprint: of the tower before any of it was tuned.
        tuned: names of the weights that a training changes.
    """

    tower: PictureTower
    encoder: TorchEncoder | None
    name: str
    fingerprint: str
    tuned: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def open(
        cls, model: str | None = None, vision: str | None = None, *, device: str = "auto"
    ) -> "TowerSource":
        """The tower of an encoder `model`, or the tower `vision` alone.

        Raises:
            SettingsError: both or neither are named.
            ModelNotFoundError, ModelFormatError: as `load_encoder`.
        """
        if (model is None) == (vision is None):
            raise SettingsError(
                "A captioner looks through one tower.",
                cli="Name an encoder with --model, or a vision tower alone with --vision.",
                notebook="Set MODEL to an encoder, or VISION to a vision tower alone.",
            )
        if model is not None:
            encoder = load_encoder(model, device=device, runtime="torch")
            return cls.of(encoder, model)
        tower = load_picture_tower(str(vision), device=device)
        return cls(tower, None, str(vision), tower.fingerprint)

    @classmethod
    def of(cls, encoder: TorchEncoder, name: str) -> "TowerSource":
        """The tower of an encoder that is loaded."""
        tower = encoder.picture_tower
        return cls(tower, encoder, name, tower.fingerprint)

    @property
    def shared(self) -> bool:
        """Whether it can be found again by its name on any machine, so that no copy is needed."""
        return self.name == "demo" or not Path(self.name).expanduser().is_dir()

    def describe(self) -> dict[str, Any]:
        """What a captioner remembers of it."""
        return {
            "name": self.name if self.shared else Path(self.name).expanduser().resolve().name,
            "alone": self.encoder is None,
            "copied": not self.shared,
            "fingerprint": self.fingerprint,
        }

    def save_copy(self, folder: Path) -> None:
        """Write the encoder, or the tower alone, into a captioner's folder, where it cannot be
        found again by its name."""
        if self.shared:
            return
        if self.encoder is not None:
            self.encoder.save_pretrained(folder / COPY)
        else:
            self.tower.save(folder / COPY)

    @classmethod
    def load(cls, described: dict[str, Any], folder: Path, device: str) -> "TowerSource":
        """The tower that `describe` and `save_copy` left in `folder`."""
        place = str(folder / COPY) if described["copied"] else str(described["name"])
        alone = bool(described["alone"])
        return cls.open(None if alone else place, place if alone else None, device=device)

    def require(self, described: dict[str, Any], captioner: str) -> None:
        """See that this is the tower that `describe` was said of.

        Raises:
            ModelFormatError: it is another.
        """
        if self.fingerprint != described["fingerprint"]:
            raise ModelFormatError(
                f"The captioner {captioner} was trained with the tower of {described['name']} "
                f"({described['fingerprint']}); {self.name} has another ({self.fingerprint}). Name "
                "the encoder it was trained with, or train a captioner on this one."
            )
