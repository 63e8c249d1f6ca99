"""Two towers of any kind with a projection head each, after VSE++ and LiT.

transformers has `VisionTextDualEncoderModel` for this, but it fails with ResNet, whose
pooler is 4-D and whose config has no `hidden_size`.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
)
from transformers.utils import logging

from timanh.errors import ModelFormatError
from timanh.models.families import JOINED
from timanh.models.preparation import ImagePreparation
from timanh.models.processor_files import read_config
from timanh.models.sidecar import WEIGHTS, Sidecar
from timanh.models.text.settings import TextSettings
from timanh.models.texts import TextPreparation, text_limit
from timanh.models.torch_encoder import TorchEncoder
from timanh.models.vision_towers import (
    INTERPOLATE,
    POOLER,
    Size,
    needs_interpolation,
    pool_vision,
)
from timanh.models.vision_towers import vision_width as width_of
from timanh.workspace import fill_folder

MODEL_TYPE = "timanh_two_tower"
INITIAL_LOGIT_SCALE = 2.6592  # ln(1 / 0.07), as CLIP starts


class TwoTower(nn.Module):
    """A vision model and a text model of transformers that meet in `dim` dimensions.

    Args:
        text_settings: how texts reach the text model; the defaults of `TextSettings` when None.
        vision_width: of the vision model's output; found by a forward pass when None.
        image_size: of that pass, in pixels.
        interpolated: the vision model's positions are stretched to the pictures; found when None.
        vision_pooling: "pooler", or "mean+max" of a convolutional grid, in which a small thing
            counts as much as a large one.

    Raises:
        ModelFormatError: one of them is no such model, or takes no pictures of this size.
    """

    def __init__(
        self,
        vision: nn.Module,
        text: nn.Module,
        *,
        dim: int,
        text_settings: TextSettings | None = None,
        vision_width: int | None = None,
        image_size: Size = (224, 224),
        interpolated: bool | None = None,
        vision_pooling: str = POOLER,
    ) -> None:
        super().__init__()
        if interpolated is None:
            interpolated = needs_interpolation(vision, image_size)
        self.vision_options = {INTERPOLATE: True} if interpolated else {}
        settings = text_settings or TextSettings()
        if settings.pooling != "pooler":
            if hasattr(text, "pooler"):
                # Nothing uses BERT's sentence head here, so it is not stored either.
                text.pooler = None  # type: ignore[assignment]
        elif getattr(text, "pooler", None) is None:
            raise ModelFormatError(
                f"{type(text).__name__} has no head over its first token, so its pooling cannot be "
                "“pooler”. Choose mean or cls."
            )
        self.vision_model = vision
        self.text_model = text
        self.dim = dim
        self.text_settings = settings
        self.vision_pooling = vision_pooling
        self.vision_width = vision_width or width_of(
            vision, image_size, self.vision_options, vision_pooling
        )
        self.vision_projection = nn.Linear(self.vision_width, dim, bias=False)
        self.text_projection = nn.Linear(_config(text).hidden_size, dim, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(INITIAL_LOGIT_SCALE))

    def vision_features(self, pixels: Tensor) -> Tensor:
        """(N, 3, H, W) to the pooled output of the tower, (N, width)."""
        output = self.vision_model(pixel_values=pixels, **self.vision_options)
        return pool_vision(output, self.vision_pooling)

    def text_features(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(N, T) tokens to the pooled output of the tower, (N, width)."""
        states = self.text_model(input_ids=input_ids, attention_mask=attention_mask)
        if self.text_settings.pooling == "pooler":
            pooled: Tensor = states.pooler_output
            return pooled
        hidden: Tensor = states.last_hidden_state  # (N, T, width)
        if self.text_settings.pooling == "cls":
            return hidden[:, 0]
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)

    def config(self) -> dict[str, Any]:
        """What `config.json` of the folder holds."""
        return {
            "model_type": MODEL_TYPE,
            "architectures": ["TwoTower"],
            "projection_dim": self.dim,
            "vision_width": self.vision_width,
            "vision_interpolated": bool(self.vision_options),
            "text_pooling": self.text_settings.pooling,  # for versions that know no settings
            "vision_pooling": self.vision_pooling,
            "text_settings": self.text_settings.to_config(),
            "vision_config": _config(self.vision_model).to_dict(),
            "text_config": _config(self.text_model).to_dict(),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "TwoTower":
        """The network with random weights."""
        towers = []
        for side in ("vision_config", "text_config"):
            stored = dict(config[side])
            tower_config = AutoConfig.for_model(**stored)
            towers.append(AutoModel.from_config(tower_config))  # type: ignore[no-untyped-call]
        return cls(
            towers[0],
            towers[1],
            dim=int(config["projection_dim"]),
            text_settings=TextSettings.from_config(config),
            vision_width=int(config["vision_width"]),
            interpolated=bool(config.get("vision_interpolated", False)),
            vision_pooling=config.get("vision_pooling", POOLER),
        )


class TwoTowerEncoder(TorchEncoder):
    """A `TwoTower` with tokenizer and image preparation."""

    network: TwoTower

    def __init__(
        self,
        network: TwoTower,
        tokenizer: Any,
        preparation: ImagePreparation,
        sidecar: Sidecar,
        *,
        device: str,
    ) -> None:
        limit = text_limit(tokenizer, _config(network.text_model))
        texts = TextPreparation(
            tokenizer, limit, JOINED, tower=network.text_settings, name=sidecar.name
        )
        network.text_settings = texts.tower  # with the version of what joins words here
        super().__init__(
            network,
            preparation,
            texts,
            name=sidecar.name,
            dim=network.dim,
            languages=sidecar.languages,
            device=device,
        )
        self.reads_unmarked = sidecar.reads_unmarked

    def image_features(self, pixels: Tensor) -> Tensor:
        features: Tensor = self.network.vision_projection(self.network.vision_features(pixels))
        return features

    def text_features(self, tokens: dict[str, Tensor]) -> Tensor:
        pooled = self.network.text_features(tokens["input_ids"], tokens["attention_mask"])
        features: Tensor = self.network.text_projection(pooled)
        return features

    def save_pretrained(self, folder: Path) -> None:
        self.save(folder, dtype=torch.float32)

    def save(self, folder: Path, *, dtype: torch.dtype) -> None:
        """Write the folder with weights of `dtype`; half of float32's size in float16."""
        weights = {
            name: value.detach().cpu().to(dtype if value.is_floating_point() else value.dtype)
            for name, value in self.network.state_dict().items()
        }
        config = json.dumps(self.network.config(), indent=2, default=str)
        with fill_folder(folder, last=WEIGHTS) as place:
            save_file(
                {name: value.contiguous() for name, value in weights.items()},
                place / "model.safetensors",
                metadata={"format": "pt"},
            )
            (place / "config.json").write_text(config + "\n", encoding="utf8")
            self.texts.tokenizer.save_pretrained(place)
            Sidecar(self.name, self.languages, self.reads_unmarked).save(place, self.preparation)

    @classmethod
    def load(cls, folder: Path, *, name: str, device: str) -> "TwoTowerEncoder":
        """Read a folder written by `save`.

        Raises:
            ModelFormatError: the weights do not fit the config.
        """
        network = TwoTower.from_config(json.loads((folder / "config.json").read_text("utf8")))
        weights = load_file(folder / "model.safetensors")
        floats = {
            key: value.float() if value.is_floating_point() else value
            for key, value in weights.items()
        }
        try:
            network.load_state_dict(floats)
        except RuntimeError as error:
            first = str(error).splitlines()[-1].strip()
            raise ModelFormatError(
                f"The weights in {folder} do not fit its config.json ({first}). "
                "Copy both from the same checkpoint."
            ) from error
        tokenizer = load_tokenizer(folder)
        preparation = ImagePreparation.from_folder(folder)
        return cls(network, tokenizer, preparation, Sidecar.load(folder, name), device=device)


def load_tokenizer(folder: Path) -> Any:
    """The folder's tokenizer; AutoTokenizer would not know our model type and warn."""
    if (folder / "tokenizer.json").is_file():
        return PreTrainedTokenizerFast.from_pretrained(folder)
    named = str(read_config(folder / "tokenizer_config.json").get("tokenizer_class"))
    kind = getattr(transformers, named, AutoTokenizer)
    with quiet():  # it looks at config.json too
        return kind.from_pretrained(folder)


@contextmanager
def quiet() -> Iterator[None]:
    """Without transformers' remarks on what it loads; errors are raised all the same."""
    before = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _config(tower: nn.Module) -> Any:
    config = getattr(tower, "config", None)
    if not isinstance(config, PreTrainedConfig):
        raise ModelFormatError(f"{type(tower).__name__} is not a model of transformers.")
    return config
