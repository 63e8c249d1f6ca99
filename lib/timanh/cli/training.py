"""What `timanh train` trains, and with which settings."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from timanh.errors import SettingsError

if TYPE_CHECKING:
    from timanh.data import DataFolder
    from timanh.models.torch_encoder import TorchEncoder


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
            "--model came with --vision or --text. Give either --model, or --vision with --text."
        )
    if given := [name for name, value in joined.items() if value is not None and not vision]:
        option = f"--{given[0].replace('_', '-')}"
        raise SettingsError(f"{option} came without --vision and --text, whose towers it is for.")
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


def changed_settings(settings: Sequence[str], options: Collection[str]) -> dict[str, Any]:
    """What --set changes; `options` are settings that have a value from an option of their own."""
    from timanh.training import Recipe

    changes = Recipe.parse(settings)
    if "name" in changes:
        raise SettingsError("--set name=… is no setting. Choose a recipe with --recipe.")
    for name in sorted(changes.keys() & set(options)):
        option = f"--{name.replace('_', '-')}"
        raise SettingsError(
            f"{name} has its own option. Give {option} {changes[name]} in place of "
            f"--set {name}={changes[name]}."
        )
    return changes
