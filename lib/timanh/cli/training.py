"""What trainings share on the command line: what is trained, its settings, and what a run says."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from timanh.cli.output import notice
from timanh.errors import SettingsError

if TYPE_CHECKING:
    from timanh.captioning import CaptionTraining
    from timanh.data import DataFolder
    from timanh.models.torch_encoder import TorchEncoder
    from timanh.training import TrainingResult


def encoder_to_train(
    folder: "DataFolder",
    model: str | None,
    vision: str | None,
    text: str | None,
    recipe: str,
    joined: dict[str, Any],
    device: str,
    seed: int,
) -> "TorchEncoder":
    """The encoder to train: a whole model, two towers, or a small one from nothing."""
    from timanh.models import join_towers, load_encoder, small_encoder
    from timanh.training.recipe import TOWERS

    if model and (vision or text):
        raise SettingsError(
            "Both --model and --vision or --text were given. "
            "Give either --model, or --vision with --text."
        )
    if given := [name for name, value in joined.items() if value is not None and not vision]:
        option = f"--{given[0].replace('_', '-')}"
        raise SettingsError(
            f"{option} is for the towers of --vision and --text, which were not given."
        )
    if model:
        return load_encoder(model, device=device)
    if vision and text:
        settings = {**TOWERS.get(recipe, {}), **joined}
        return join_towers(vision, text, device=device, seed=seed, **settings)
    if vision or text:
        raise SettingsError(
            "Only one tower was given, and training needs two. Give both --vision and --text."
        )
    if recipe != "demo":
        raise SettingsError(
            "No model to train was given. Give --model, such as openai/clip-vit-base-patch32, or "
            "--vision and --text. Only the recipe demo starts from nothing."
        )
    words = (caption for name in folder.split("train") for caption in folder.captions_of(name))
    return small_encoder(words, device=device, seed=seed)


def changed_settings(
    changes: dict[str, Any], options: Collection[str], preset: str
) -> dict[str, Any]:
    """`changes`, as --set gave them.

    Args:
        options: settings that have a value from a separate option.
        preset: the option that names the preset.

    Raises:
        SettingsError: --set names one of `options`, or the preset.
    """
    if "name" in changes:
        raise SettingsError(f"--set name=… is not a setting. Choose a preset with {preset}.")
    for name in sorted(changes.keys() & set(options)):
        option = f"--{name.replace('_', '-')}"
        raise SettingsError(
            f"{name} has its own option. Give {option} {changes[name]} in place of "
            f"--set {name}={changes[name]}."
        )
    return changes


def report_run(done: "TrainingResult | CaptionTraining") -> None:
    """Whether a run was found or taken up again, and which pictures it could not read."""
    if done.found:
        notice(f"The run in {done.folder} is finished; --fresh replaces it.")
    elif done.resumed_at:
        notice(f"Continued from step {done.resumed_at:,} of the run in {done.folder}.")
    for reason in done.skipped.values():
        notice(f"Skipped: {reason}")
