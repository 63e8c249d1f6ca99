"""The page's files: same words in both languages, small modules, nothing from elsewhere."""

import json
import re
from itertools import product
from pathlib import Path

from PIL import Image

FRONTEND = Path(__file__).resolve().parents[3] / "frontend"


def test_both_languages_have_the_same_words() -> None:
    vi, en = (json.loads((FRONTEND / "i18n" / f"{x}.json").read_text("utf8")) for x in ("vi", "en"))
    assert vi.keys() == en.keys()
    for key in vi:
        assert set(re.findall(r"\{\w+\}", vi[key])) == set(re.findall(r"\{\w+\}", en[key])), key


def test_every_word_that_is_said_exists() -> None:
    words = json.loads((FRONTEND / "i18n" / "en.json").read_text("utf8"))
    scripts = "".join(file.read_text("utf8") for file in (FRONTEND / "js").rglob("*.js"))
    scripts += (FRONTEND / "script.js").read_text("utf8")
    page = (FRONTEND / "index.html").read_text("utf8")
    said = set(re.findall(r'say\("([^"]+)"', scripts))
    said |= set(re.findall(r'data-i18n(?:-title|-label)?="([^"]+)"', page))
    assert said and said <= words.keys()


def test_every_code_that_can_be_answered_has_words() -> None:
    words = json.loads((FRONTEND / "i18n" / "en.json").read_text("utf8"))
    table = (FRONTEND.parent / "docs" / "api.md").read_text("utf8")
    rows = re.findall(r"^\| ((?:`[a-z0-9-]+`(?:, )?)+) \| [\d, ]+ \|", table, re.M)
    codes = {code for row in rows for code in re.findall(r"`([^`]+)`", row)}
    assert len(codes) > 30 and {f"error.{code}" for code in codes} <= words.keys()


def test_modules_are_small_and_only_api_fetches() -> None:
    for file in [*(FRONTEND / "js").rglob("*.js"), FRONTEND / "script.js"]:
        text = file.read_text("utf8")
        assert text.count("\n") <= 200, file.name
        assert "innerHTML" not in text, file.name
        assert file.name == "api.js" or "fetch(" not in text, file.name
        assert "http://" not in text and "https://" not in text, file.name


def test_text_stands_out_in_both_themes() -> None:
    """WCAG AA: 4.5 for text on every ground that it stands on."""
    css = (FRONTEND / "css" / "base.css").read_text("utf8")
    for theme in ("dark", "light"):
        block = css.split(f'[data-theme="{theme}"] {{')[1].split("}")[0]
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        pairs = [
            *product(("ink", "muted", "bad"), ("ground", "raised")),
            *[("ink", "raised-more"), ("on-accent", "accent"), ("accent", "raised")],
        ]
        for text, ground in pairs:
            ratio = contrast(colours[text], colours[ground])
            assert ratio >= 4.5, f"{theme}: {text} on {ground} is {ratio:.2f}"


def test_colours_are_only_in_custom_properties() -> None:
    for file in (FRONTEND / "css").glob("*.css"):
        rules = re.sub(r"--[\w-]+:[^;]*;|/\*.*?\*/", "", file.read_text("utf8"), flags=re.S)
        values = re.findall(r":\s*([^;{}]+);", rules)
        named = re.compile(r"#[0-9a-f]{3,8}\b|\b(rgba?|hsla?|white|black|red|gr[ae]y)\b")
        assert [value for value in values if named.search(value)] == [], file.name


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb", as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return sum(weight * x for weight, x in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


SWIPER = {"swiper-slide-zoomed"}  # set by Swiper itself


def test_every_class_of_the_styles_is_used() -> None:
    styles = "".join(file.read_text("utf8") for file in (FRONTEND / "css").glob("*.css"))
    styles = re.sub(r"/\*.*?\*/|\burl\([^)]*\)|\"[^\"]*\"", "", styles, flags=re.S)
    used = (FRONTEND / "index.html").read_text("utf8")
    used += "".join(file.read_text("utf8") for file in (FRONTEND / "js").rglob("*.js"))
    for name in set(re.findall(r"\.([a-z][\w-]*)(?=[\s:,{.>)\[])", styles)) - SWIPER:
        assert re.search(rf"[\"' ]{re.escape(name)}[\"' ]", used), f".{name} is used nowhere"


def test_every_id_property_and_motion_of_the_styles_is_used() -> None:
    styles = "".join(file.read_text("utf8") for file in (FRONTEND / "css").glob("*.css"))
    styles = re.sub(r"/\*.*?\*/|\"[^\"]*\"", "", styles, flags=re.S)
    scripts = "".join(file.read_text("utf8") for file in (FRONTEND / "js").rglob("*.js"))
    page = (FRONTEND / "index.html").read_text("utf8")
    defined = set(re.findall(r"(--[\w-]+):", styles))
    read = set(re.findall(r"var\((--[\w-]+)", styles)) | set(
        re.findall(r"getPropertyValue\(\"(--[\w-]+)", scripts)
    )
    given = set(re.findall(r"setProperty\(\"(--[\w-]+)", scripts))
    assert defined - read == set(), "defined, but never read"
    assert read - defined - given == set(), "read, but never defined"
    motions = set(re.findall(r"@keyframes ([\w-]+)", styles))
    assert {name for name in motions if not re.search(rf"animation: {name}\b", styles)} == set()
    ids = set(re.findall(r"#([a-z][\w-]*)(?=[^;{}]*\{)", styles))
    assert {name for name in ids if f'id="{name}"' not in page} == set()


def test_no_word_of_the_language_files_is_never_said() -> None:
    words = json.loads((FRONTEND / "i18n" / "en.json").read_text("utf8"))
    sources = [*(FRONTEND / "js").rglob("*.js"), FRONTEND / "script.js", FRONTEND / "index.html"]
    text = "".join(file.read_text("utf8") for file in sources)
    whole = set(re.findall(r"[\"`]([a-z][\w.-]*)[\"`]", text))
    begun = {start for start in re.findall(r"`([a-z][\w-]*\.)\$\{", text)}
    unsaid = {word for word in words if word not in whole
              and not any(word.startswith(start) for start in begun)}  # fmt: skip
    assert unsaid == set()


def test_the_lock_file_names_no_registry() -> None:
    assert "resolved" not in (FRONTEND / "package-lock.json").read_text("utf8")


def test_the_service_worker_keeps_every_file_of_the_page() -> None:
    """What it lists is what there is: a module forgotten would break the page offline."""
    worker = (FRONTEND / "service-worker.js").read_text("utf8")
    listed = set(re.findall(r'"(/[^"]*)"', worker.split("];")[0]))
    own = {
        f"/{file.relative_to(FRONTEND).as_posix()}"
        for pattern in ("js/**/*.js", "css/*.css", "i18n/*.json", "script.js", "favicon.svg")
        for file in FRONTEND.glob(pattern)
    }
    assert own <= listed
    assert {path for path in listed if not (FRONTEND / path.lstrip("/")).exists()} == set()
    scripts = "".join(file.read_text("utf8") for file in (FRONTEND / "js").rglob("*.js"))
    assert set(re.findall(r'"(/node_modules/[^"]+)"', scripts)) <= listed


def test_the_manifest_names_icons_of_the_size_they_have() -> None:
    manifest = json.loads((FRONTEND / "manifest.webmanifest").read_text("utf8"))
    drawn = [icon for icon in manifest["icons"] if icon["type"] == "image/png"]
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in drawn}
    for icon in drawn:
        width, height = Image.open(FRONTEND / icon["src"].lstrip("/")).size
        assert f"{width}x{height}" == icon["sizes"]
