"""Colours as screens have them: pictures with a profile of their own, brought to sRGB."""

from io import BytesIO

from PIL import Image, ImageCms, features

MODES = {"RGB": "RGB", "RGBA": "RGBA", "CMYK": "RGB"}


def in_srgb(image: Image.Image) -> Image.Image:
    """`image` in sRGB where it carries another profile, as CMYK of a printer's; else itself.

    A profile that cannot be read counts as none.
    """
    profile = image.info.get("icc_profile")
    plain = "transparency" not in image.info  # a colour that stands for nothing must stay exact
    if not profile or not plain or image.mode not in MODES or not features.check("littlecms2"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode=MODES[image.mode]
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return converted or image
