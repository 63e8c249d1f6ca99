"""From a name to a captioner: a folder of ours, or a model of the hub."""

import json
from pathlib import Path

from timanh.captioning.captioner import Captioner
from timanh.captioning.choosing import BEST, LIKELIEST, WAYS
from timanh.captioning.hub import HUB_MODELS, HubCaptioner
from timanh.captioning.tower_source import TowerSource
from timanh.captioning.trained import FILE, TrainedCaptioner
from timanh.errors import ModelFormatError, ModelNotFoundError, SettingsError
from timanh.models.loading import choose_device, download
from timanh.models.torch_encoder import TorchEncoder

DEMO = Path(__file__).parent / "demo"


def load_captioner(
    name_or_folder: str | Path,
    *,
    device: str = "auto",
    encoder: TorchEncoder | None = None,
    choose: str | None = None,
) -> Captioner:
    """A captioner by name.

    Args:
        name_or_folder: `demo`, which comes with the package and knows drawn pictures only; a
            folder that a training wrote; or a folder or hub id of BLIP, GIT or Florence-2, such as
            `Salesforce/blip-image-captioning-base`.
        device: "auto" (CUDA, then Apple's MPS, then CPU) or a torch device.
        encoder: for a captioner that was trained here: the encoder whose tower it looks through,
            where that is loaded already. Its weights are shared, so it must be the very one.
        choose: which of the sentences that the search found comes first, as in `CaptionRecipe`;
            as it was trained when None.

    Raises:
        ModelNotFoundError: no such folder, no such id, or no network.
        ModelFormatError: the folder holds no captioner, or one of another encoder.
        SettingsError: `choose` is unknown, or this captioner cannot choose so.

    Example:
        >>> load_captioner("Salesforce/blip-image-captioning-base").captions([picture])[0][0].text
        'a dog running through a field'
    """
    name = str(name_or_folder)
    folder = _find_folder(name)
    chosen = encoder.device if encoder is not None else choose_device(device)
    label = Path(name).resolve().name if Path(name).is_dir() else name
    if choose not in (None, *WAYS):
        raise SettingsError(f"Unknown choice {choose!r} of captions; known are {', '.join(WAYS)}.")
    if (folder / FILE).is_file():
        source = TowerSource.of(encoder, encoder.name) if encoder is not None else None
        trained = TrainedCaptioner.load(folder, name=label, device=chosen, source=source)
        trained.choose = choose or trained.choose
        return trained
    kind = _model_type(folder)
    if kind in HUB_MODELS:
        if choose not in (None, BEST, LIKELIEST):
            raise SettingsError(
                f"{name} gives its likeliest sentence; only captioners that were trained here "
                "choose among several. Leave the choice away."
            )
        return HubCaptioner.load(folder, name=label, device=chosen)
    known = ", ".join(HUB_MODELS.values())
    raise ModelFormatError(
        f"{name} is a model of type {kind!r}, which writes no captions here. Name a folder that "
        f"the training of a captioner wrote, or a model of {known}."
    )


def _find_folder(name: str) -> Path:
    if name == "demo":
        if not (DEMO / FILE).is_file():
            raise ModelNotFoundError(
                "This installation holds no demo captioner.",
                cli="Install the package again, or make it with: python run.py demo-captioner",
                notebook="Install the package again and restart the session.",
            )
        return DEMO
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not any((folder / file).is_file() for file in (FILE, "config.json")):
            raise ModelFormatError(
                f"{folder} has neither {FILE} nor config.json, so it is not a captioner. Name a "
                "folder that the training of a captioner wrote, or a Hugging Face id."
            )
        return folder
    if name.count("/") > 1 or name.startswith((".", "~", "/")) or "\\" in name:
        raise ModelNotFoundError(
            f"There is no captioner's folder {name}. Check the path, or name a Hugging Face id "
            "such as Salesforce/blip-image-captioning-base."
        )
    return download(name)


def _model_type(folder: Path) -> str:
    try:
        return str(json.loads((folder / "config.json").read_text(encoding="utf8"))["model_type"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFormatError(
            f"{folder / 'config.json'} cannot be read as the settings of a model ({error})."
        ) from error
