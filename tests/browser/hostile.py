"""Captions and file names that would act if they were ever taken for anything but text."""

from pathlib import Path

CAPTION = '<img src=x onerror="document.title=1"><script>document.title=2</script>'

# In place of scene_000001.jpg, scene_000002.jpg and so on; a slash cannot be in any.
NAMES = (
    "<img src=x onerror='document.title=3'>.jpg",
    'a&quot;" onload="document.title=4.jpg',
    "\u202egpj.exe tôi.jpg",
    "100% #1?q=x&k=y.jpg",
    f"{'rất_dài_' * 20}.jpg",
    "صورة القطة.jpg",
)


def poison(gallery: Path) -> None:
    """Give the first picture a hostile caption, and the next ones hostile names instead of any."""
    renamed = [f"scene_{number:06d}.jpg" for number in range(1, len(NAMES) + 1)]
    for captions, gone in (("captions.txt", ["scene_000000.jpg", *renamed]),
                           ("captions.vi.txt", renamed)):  # fmt: skip
        file = gallery / captions
        lines = file.read_text("utf8").splitlines()
        kept = [line for line in lines if line.partition(",")[0] not in gone]
        file.write_text("\n".join(kept) + "\n", "utf8")
    with (gallery / "captions.txt").open("a", encoding="utf8") as captions_file:
        captions_file.write(f"scene_000000.jpg,{CAPTION}\n")
    for before, name in zip(renamed, NAMES, strict=True):
        (gallery / "images" / before).rename(gallery / "images" / name)
