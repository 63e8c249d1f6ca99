"""The families of image-text models that are supported, and how each one's texts are prepared.

A test compares every family here with transformers' processor and model, on a tiny checkpoint in
the form in which the hub ships it. Any other family is refused: a text tower that gets other input
than in training gives vectors that look right and find nothing.
"""

from dataclasses import dataclass
from typing import Any

from timanh.errors import ModelFormatError


@dataclass(frozen=True)
class Family:
    """How the texts of a family reach its text tower.

    Attributes:
        title: what people call it.
        full_length: padded to all positions of the tower and without an attention mask, as the
            tower was trained; else padded to the longest of a batch, with a mask.
        lower: in lower case, unless the tokenizer's `do_lower_case` is false.
        repaired: encoding, HTML entities and quotes repaired as OpenAI's CLIP does.
    """

    title: str
    full_length: bool = False
    lower: bool = False
    repaired: bool = False


# By the `model_type` of config.json. SigLIP2 for pictures of one size is of type "siglip" too.
FAMILIES = {
    "clip": Family("CLIP", repaired=True),
    "metaclip_2": Family("MetaCLIP 2", repaired=True),
    "chinese_clip": Family("Chinese-CLIP"),
    "altclip": Family("AltCLIP"),
    "siglip": Family("SigLIP and SigLIP2", full_length=True, lower=True),
}

# Two towers that were joined and trained here, from texts that were repaired.
JOINED = Family("two towers", repaired=True)

NAFLEX = "siglip2"  # pictures as sequences of patches of varying length


def refusal(name: str, model_type: Any, architectures: Any) -> ModelFormatError:
    """The error for a model with this in its config.json."""
    if model_type == NAFLEX:
        return ModelFormatError(
            f"{name} is a NaFlex model of SigLIP2, which takes pictures as sequences of patches; "
            "only SigLIP2 for pictures of one size is supported. Name one such as "
            "google/siglip2-base-patch16-224."
        )
    what = architectures[0] if isinstance(architectures, list) and architectures else "no class"
    known = ", ".join(family.title for family in FAMILIES.values())
    return ModelFormatError(
        f"{name} is a model of type {model_type!r} ({what}), which is not supported as a "
        f"model of pictures and texts. Supported are {known}.",
        cli="Name one of these, or join a vision and a text model with --vision and --text.",
        notebook="Set MODEL to one of these.",
    )
