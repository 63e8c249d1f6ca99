"""Templates that belong to encoders: each has those that it was shown to understand.

A template is a text with {} in the place of a label.
"""

from dataclasses import dataclass, field

from timanh.models.encoder import Encoder

# What CLIP was measured with on ImageNet, and the seven of them that a forward selection found
# as good as all: https://github.com/openai/CLIP, notebooks/Prompt_Engineering_for_ImageNet.ipynb
# (MIT licence).
CLIP_80 = (
    "a bad photo of a {}.", "a photo of many {}.", "a sculpture of a {}.",
    "a photo of the hard to see {}.", "a low resolution photo of the {}.", "a rendering of a {}.",
    "graffiti of a {}.", "a bad photo of the {}.", "a cropped photo of the {}.",
    "a tattoo of a {}.", "the embroidered {}.", "a photo of a hard to see {}.",
    "a bright photo of a {}.", "a photo of a clean {}.", "a photo of a dirty {}.",
    "a dark photo of the {}.", "a drawing of a {}.", "a photo of my {}.", "the plastic {}.",
    "a photo of the cool {}.", "a close-up photo of a {}.", "a black and white photo of the {}.",
    "a painting of the {}.", "a painting of a {}.", "a pixelated photo of the {}.",
    "a sculpture of the {}.", "a bright photo of the {}.", "a cropped photo of a {}.",
    "a plastic {}.", "a photo of the dirty {}.", "a jpeg corrupted photo of a {}.",
    "a blurry photo of the {}.", "a photo of the {}.", "a good photo of the {}.",
    "a rendering of the {}.", "a {} in a video game.", "a photo of one {}.", "a doodle of a {}.",
    "a close-up photo of the {}.", "a photo of a {}.", "the origami {}.", "the {} in a video game.",
    "a sketch of a {}.", "a doodle of the {}.", "a origami {}.", "a low resolution photo of a {}.",
    "the toy {}.", "a rendition of the {}.", "a photo of the clean {}.", "a photo of a large {}.",
    "a rendition of a {}.", "a photo of a nice {}.", "a photo of a weird {}.",
    "a blurry photo of a {}.", "a cartoon {}.", "art of a {}.", "a sketch of the {}.",
    "a embroidered {}.", "a pixelated photo of a {}.", "itap of the {}.",
    "a jpeg corrupted photo of the {}.", "a good photo of a {}.", "a plushie {}.",
    "a photo of the nice {}.", "a photo of the small {}.", "a photo of the weird {}.",
    "the cartoon {}.", "art of the {}.", "a drawing of the {}.", "a photo of the large {}.",
    "a black and white photo of a {}.", "the plushie {}.", "a dark photo of a {}.", "itap of a {}.",
    "graffiti of the {}.", "a toy {}.", "itap of my {}.", "a photo of a cool {}.",
    "a photo of a small {}.", "a tattoo of the {}.",
)  # fmt: skip
CLIP_7 = (
    "itap of a {}.", "a bad photo of the {}.", "a origami {}.", "a photo of the large {}.",
    "a {} in a video game.", "art of the {}.", "a photo of the small {}.",
)  # fmt: skip
USUAL_EN = (
    "{}", "a photo of a {}.", "a picture of a {}.", "an image of a {}.",
    "a photo of the {}.", "a close-up photo of a {}.", "there is a {} in the picture.",
)  # fmt: skip
USUAL_VI = (
    "{}", "một bức ảnh chụp {}", "một bức ảnh về {}", "hình ảnh {}", "ảnh {}",
    "ảnh chụp cận cảnh {}", "trong ảnh có {}",
)  # fmt: skip


@dataclass(frozen=True)
class TemplateSet:
    """Templates in each language.

    Attributes:
        source: where they come from.
        by_language: language → templates; English is always there.
    """

    source: str
    by_language: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, language: str) -> tuple[str, ...]:
        """In this language, else in English."""
        return self.by_language.get(language, self.by_language["en"])


SETS = {
    "usual": TemplateSet(
        "plain sentences, for encoders without templates of their own",
        {"en": USUAL_EN, "vi": USUAL_VI},
    ),
    "plain": TemplateSet("the label alone", {"en": ("{}",), "vi": ("{}",)}),
    "clip": TemplateSet(
        "the seven that OpenAI's notebook on ImageNet prompts chose of its eighty",
        {"en": CLIP_7, "vi": USUAL_VI},
    ),
    "clip-80": TemplateSet(
        "the eighty of OpenAI's notebook on ImageNet prompts", {"en": CLIP_80, "vi": USUAL_VI}
    ),
    "siglip": TemplateSet(
        "the form in which transformers' documentation gives labels to SigLIP",
        {"en": ("This is a photo of {}.",), "vi": ("Đây là ảnh chụp {}.",)},
    ),
    # On 300 drawn scenes of one thing: 99.0 % right in English and Vietnamese, longer ones less.
    "demo": TemplateSet(
        "the label as people search for it, chosen on drawn scenes",
        {"en": ("{}", "a {}"), "vi": ("{}",)},
    ),
}  # fmt: skip
BY_FAMILY = {"siglip": "siglip", "clip": "clip", "metaclip_2": "clip", "altclip": "clip"}

# What labels compete with where none of them may fit.
GENERIC = {
    "en": ("a photo", "a picture of something", "an object", "a scene", "something else"),
    "vi": ("ảnh chụp thứ gì đó", "một đồ vật", "một khung cảnh", "một nơi nào đó", "một thứ khác"),
}


def name_of_set(encoder: Encoder) -> str:
    """The name in `SETS` of the templates of this encoder."""
    if encoder.name == "demo":
        return "demo"
    family = getattr(getattr(encoder.model, "config", None), "model_type", "")
    return BY_FAMILY.get(str(family), "usual")


def templates_of(encoder: Encoder, language: str) -> tuple[str, ...]:
    """The templates that an encoder gets where no others are given."""
    return SETS[name_of_set(encoder)].of(language)
