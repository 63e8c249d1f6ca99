"""An edit through the API reads the lines of the pictures it changes, not those of all."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from pixel_encoder import PixelEncoder, make_pictures

from timanh.api import ApiConfig
from timanh.api.gallery.adding import Upload
from timanh.api.gallery.additions import Additions
from timanh.api.gallery.editing import GalleryEditor
from timanh.search import SearchEngine
from timanh.vectors import VectorDictionary, build_dictionary
from timanh.vectors.store import lines

PICTURES, FEW = 40, 12


def test_adding_and_deleting_parse_a_few_lines_however_large_the_gallery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = PixelEncoder()
    gallery = make_pictures(tmp_path / "g", PICTURES)
    build_dictionary(gallery, encoder, tmp_path / "i", progress=False)
    engine = SearchEngine(encoder, VectorDictionary.open(tmp_path / "i", encoder))
    parsed: list[bytes] = []
    read = lines.read_line

    def counting(line: bytes):  # type: ignore[no-untyped-def]
        parsed.append(line)
        return read(line)

    monkeypatch.setattr(lines, "read_line", counting)
    content = BytesIO()
    Image.new("RGB", (20, 10), "red").save(content, "PNG")
    editor = GalleryEditor(engine, ApiConfig(), Additions(tmp_path / "i"))
    parsed.clear()
    (item,) = editor.add([Upload("red.png", content.getvalue())]).items
    assert len(parsed) < FEW
    parsed.clear()
    assert editor.delete(item.id) == PICTURES
    assert len(parsed) < FEW
