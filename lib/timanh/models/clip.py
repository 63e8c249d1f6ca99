"""Image-text models of transformers, of the families in `timanh.models.families`."""

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from timanh.models.families import FAMILIES, Family
from timanh.models.preparation import ImagePreparation
from timanh.models.sidecar import WEIGHTS, Sidecar
from timanh.models.texts import TextPreparation, text_limit
from timanh.models.torch_encoder import TorchEncoder
from timanh.workspace import fill_folder


class ClipEncoder(TorchEncoder):
    """A model of transformers that has `get_image_features` and `get_text_features`."""

    def __init__(
        self,
        network: nn.Module,
        tokenizer: Any,
        preparation: ImagePreparation,
        sidecar: Sidecar,
        *,
        device: str,
    ) -> None:
        config: Any = network.config
        family = FAMILIES[config.model_type]
        texts = TextPreparation(tokenizer, text_limit(tokenizer, config.text_config), family)
        super().__init__(
            network,
            preparation,
            texts,
            name=sidecar.name,
            dim=_dim(config, family),
            languages=sidecar.languages,
            device=device,
        )
        self.reads_unmarked = sidecar.reads_unmarked

    def image_features(self, pixels: Tensor) -> Tensor:
        return _features(self.network.get_image_features(pixel_values=pixels))  # type: ignore[operator]

    def text_features(self, tokens: dict[str, Tensor]) -> Tensor:
        return _features(self.network.get_text_features(**tokens))  # type: ignore[operator]

    def save_pretrained(self, folder: Path) -> None:
        with fill_folder(folder, last=WEIGHTS) as place:
            self.network.save_pretrained(place)  # type: ignore[operator]
            self.texts.tokenizer.save_pretrained(place)
            Sidecar(self.name, self.languages, self.reads_unmarked).save(place, self.preparation)


def _dim(config: Any, family: Family) -> int:
    """CLIP names its common space; SigLIP's is the width of its towers."""
    dim = getattr(config, "projection_dim", None)
    if dim is None or family.full_length:
        text = config.text_config
        dim = getattr(text, "projection_size", None) or text.hidden_size
    return int(dim)


def _features(output: Any) -> Tensor:
    """transformers 5 answers an output object, transformers 4 the tensor itself."""
    features = getattr(output, "pooler_output", output)
    if not isinstance(features, Tensor):
        raise TypeError(f"expected a feature tensor, got {type(features).__name__}")
    return features
