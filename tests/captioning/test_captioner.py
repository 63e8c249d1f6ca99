"""Trained captioners: from captions to a folder and back, resumed, refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageFile
from safetensors.torch import load_file
from small_captioning import recipe, source, train
from small_training import tiny

from timanh.captioning import CaptionRecipe, load_captioner
from timanh.captioning.trained import TrainedCaptioner
from timanh.data import open_data, open_picture
from timanh.errors import (
    DataError,
    DivergedError,
    LanguageError,
    ModelFormatError,
    ModelNotFoundError,
    ResumeError,
    SettingsError,
)
from timanh.evaluation import caption_scores, plot_attention

# Nothing to learn but a few words.
SHARP = {"learning_rate": 1e-2, "dropout": 0.0, "label_smoothing": 0.0}


def texts_of(captioner: Any, gallery: Path, **options: Any) -> list[str]:
    folder = open_data(gallery)
    pictures = [open_picture(folder.images / name) for name in folder.names]
    return [each[0].text for each in captioner.captions(pictures, **options)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from galleries import make_gallery

    place = tmp_path_factory.mktemp("trained")
    make_gallery(place / "gallery")
    done = train(
        place / "gallery", source(place / "tower"), place / "out", recipe(epochs=40, **SHARP)
    )
    assert done.history[-1]["loss"] < 0.5 * done.history[0]["loss"]
    assert (done.pictures, done.captions) == (12, 24)
    return place


def test_a_folder_writes_what_the_training_taught(trained: Path) -> None:
    captioner = load_captioner(trained / "out", device="cpu")
    assert captioner.languages == ("en",) and captioner.name == "out"
    texts = texts_of(captioner, trained / "gallery")
    words = {word for text in texts for word in text.split()}
    assert words <= {"a", "one", "in", "red", "green", "blue", "circle", "square"}
    colours = [name.split("_")[0] for name in open_data(trained / "gallery").names]
    right = sum(colour in text for colour, text in zip(colours, texts, strict=True))
    assert right >= 9, texts


def test_it_carries_its_tower_and_refuses_another(trained: Path, tmp_path: Path) -> None:
    captioner = load_captioner(trained / "out", device="cpu")
    assert isinstance(captioner, TrainedCaptioner)
    again = load_captioner(trained / "out", encoder=captioner.source.encoder)
    assert again.fingerprint == captioner.fingerprint
    with pytest.raises(ModelFormatError, match="was trained with the tower of tower"):
        load_captioner(trained / "out", encoder=tiny(seed=1))


def test_a_broken_picture_spoils_only_its_own_caption(trained: Path, tmp_path: Path) -> None:
    captioner = load_captioner(trained / "out", device="cpu")
    folder = open_data(trained / "gallery")
    files = [folder.images / name for name in folder.names[:3]]
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(files[1].read_bytes()[:700])
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    pictures = [Image.open(files[0]), Image.open(cut), Image.open(files[2])]
    alone = captioner.captions([Image.open(files[0]).convert("RGB")], count=2)[0]
    with pytest.warns(UserWarning, match="1 of 3 pictures cannot be read"):
        found = captioner.captions(pictures, count=2)
    assert [len(each) for each in found] == [2, 0, 2]
    assert [each.text for each in found[0]] == [each.text for each in alone]
    assert all(each.log_probability <= 0 for each in found[0])
    assert captioner.captions([Image.new("RGB", (1, 1))])[0][0].text
    assert captioner.captions([]) == []


def test_what_it_cannot_write_is_refused(trained: Path) -> None:
    captioner = load_captioner(trained / "out", device="cpu")
    picture = Image.new("RGB", (40, 40))
    with pytest.raises(LanguageError, match="writes en, not 'vi'"):
        captioner.captions([picture], "vi")
    with pytest.raises(SettingsError, match="6 captions a picture .* with 5 beams"):
        captioner.captions([picture], count=6)


def test_where_it_looked_for_each_word(trained: Path) -> None:
    captioner = load_captioner(trained / "out", device="cpu")
    assert isinstance(captioner, TrainedCaptioner)
    pixels = captioner.prepare_images([Image.new("RGB", (40, 40), "red")])
    seen = captioner.looked_at(pixels, "a red circle")
    rows, columns, _ = captioner.tower.shapes[0] or (0, 0, 0)
    assert seen.shape == (1, 4, rows, columns)
    assert np.all((seen.sum((2, 3)) > 0) & (seen.sum((2, 3)) < 1))
    wide = captioner.attention(Image.new("RGB", (80, 40), "red"), "A red, circle")
    assert wide is not None and [each.word for each in wide.words] == ["a", "red", "circle"]
    assert wide.words[0].weights.shape == (rows, columns)
    assert wide.area == captioner.tower.preparation.seen_area(80, 40)
    plot_attention(Image.new("RGB", (80, 40)), wide, trained / "seen.png")
    assert Image.open(trained / "seen.png").width > 80


@pytest.mark.parametrize("changes", [{}, {"decoder": "transformer", "average": 0.9}])
def test_a_killed_run_ends_with_the_weights_of_an_unbroken_one(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    tower, chosen = source(tmp_path / "tower"), recipe(epochs=2, **changes)
    train(gallery, tower, tmp_path / "whole", chosen)
    from timanh.captioning import trainer

    learn, learned = trainer._Run.learn, []

    def learn_until_killed(self: Any, *step: Any) -> float:
        learned.append(step)
        if len(learned) in (3, 6):
            raise KeyboardInterrupt
        return learn(self, *step)

    monkeypatch.setattr(trainer._Run, "learn", learn_until_killed)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            train(gallery, tower, tmp_path / "broken", chosen, save_every=0)
    done = train(gallery, tower, tmp_path / "broken", chosen, save_every=0)
    assert done.resumed_at == 4 and len(done.history) == 2
    whole, broken = (
        load_file(tmp_path / name / "decoder.safetensors") for name in ("whole", "broken")
    )
    assert whole.keys() == broken.keys()
    assert all(torch.equal(value, broken[name]) for name, value in whole.items())
    assert train(gallery, tower, tmp_path / "broken", chosen).found
    with pytest.raises(ResumeError, match="epochs=2"):
        train(gallery, tower, tmp_path / "broken", recipe(epochs=3, **changes))


def test_tuning_trains_the_last_stage_alone_and_keeps_it(gallery: Path, tmp_path: Path) -> None:
    tower = source(tmp_path / "tower")
    before = {name: value.clone() for name, value in tower.tower.module.state_dict().items()}
    train(gallery, tower, tmp_path / "out", recipe(tune_encoder=True, encoder_from=0, crop=0.8))
    after = tower.tower.module.state_dict()
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert changed and changed <= tower.tuned
    assert all("stages.1" in name for name in changed)
    found = load_captioner(tmp_path / "out", device="cpu")
    assert isinstance(found, TrainedCaptioner)
    kept = found.tower.module.state_dict()
    assert all(torch.equal(kept[name], value) for name, value in after.items())
    assert texts_of(found, gallery)


def test_two_languages_from_one_decoder(gallery: Path, tmp_path: Path) -> None:
    names = [line.split(",")[0] for line in (gallery / "captions.txt").read_text().split("\n")[1:]]
    lines = ["image,caption", *(f"{name},một hình màu đỏ" for name in dict.fromkeys(names) if name)]
    (gallery / "captions.vi.txt").write_text("\n".join(lines), encoding="utf8")
    chosen = recipe(decoder="transformer", epochs=40, **SHARP)
    train(gallery, source(tmp_path / "tower"), tmp_path / "out", chosen)
    captioner = load_captioner(tmp_path / "out", device="cpu")
    assert captioner.languages == ("en", "vi")
    assert set(texts_of(captioner, gallery, language="vi")) == {"một hình màu đỏ"}
    assert all(text.isascii() for text in texts_of(captioner, gallery))


def test_what_cannot_be_trained_is_said(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tower = source(tmp_path / "tower")
    with pytest.raises(DataError, match="No word occurs 50 times"):
        train(gallery, tower, tmp_path / "rare", recipe(min_count=50))
    (gallery / "none.txt").write_text("image,caption\n", encoding="utf8")
    with pytest.raises(DataError, match="No caption file found|0 captioned pictures"):
        from timanh.captioning import train_captioner

        empty = open_data(gallery, [gallery / "none.txt"])
        train_captioner(empty, tower, recipe(), tmp_path / "no", names=empty.names)
    with pytest.raises(SettingsError, match="decoder must be lstm or transformer"):
        recipe(decoder="gru")
    with pytest.raises(SettingsError, match="Unknown preset"):
        CaptionRecipe.named("strongest")
    with pytest.raises(DivergedError, match="smaller learning rate"):
        train(gallery, tower, tmp_path / "nan", recipe(learning_rate=1e30, clip_norm=None))
    monkeypatch.setitem(tower.tower.__dict__, "shapes", (None, 16))
    with pytest.raises(SettingsError, match="has no grid to attend to"):
        train(gallery, tower, tmp_path / "flat", recipe())


def test_what_is_no_captioner_is_refused(tiny_clip_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError, match="type 'clip', which writes no captions"):
        load_captioner(tiny_clip_folder)
    with pytest.raises(ModelFormatError, match="neither captioner.json nor config.json"):
        load_captioner(tmp_path)
    with pytest.raises(ModelNotFoundError, match="There is no captioner's folder"):
        load_captioner(tmp_path / "gone")
    (tmp_path / "captioner.json").write_text("{", encoding="utf8")
    with pytest.raises(ModelFormatError, match="cannot be read as a captioner"):
        load_captioner(tmp_path)


def test_the_reports_preset_is_the_reports(gallery: Path, tmp_path: Path) -> None:
    report = CaptionRecipe.named("report")
    assert (report.embed, report.hidden, report.batch_size, report.epochs) == (256, 512, 32, 15)
    assert not report.grid and report.captions == "first" and report.patience == 2
    small = CaptionRecipe.named("report", embed=8, hidden=16, min_count=1, epochs=1)
    dev = open_data(gallery).names[:2]
    done = train(
        gallery, source(tmp_path / "tower"), tmp_path / "out", small, dev=dev, score=caption_scores
    )
    assert done.captions == done.pictures == 10  # one a picture, none of those measured
    assert {"loss", "CIDEr", "BLEU-4"} <= done.history[0]["dev"].keys()
    assert texts_of(load_captioner(tmp_path / "out", device="cpu"), gallery)


def test_the_commands(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from timanh.cli import run
    from timanh.vectors import VectorDictionary

    captioner, gallery = str(trained / "out"), trained / "gallery"
    picture = gallery / "images" / open_data(gallery).names[0]
    shown = tmp_path / "seen.png"
    assert (
        run(["caption", "show", str(picture), "--captioner", captioner, "--out", str(shown)]) == 0
    )
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert Image.open(shown).width > 300
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / picture.name).write_bytes(picture.read_bytes())
    tower, index = str(trained / "tower"), str(tmp_path / "index")
    build = ["index", "build", str(bare), "--model", tower, "--out", index]
    assert run(build) == 0
    assert run(["caption", "write", "--index", index, "--captioner", captioner]) == 0
    assert "1 captions of 1 pictures written" in capsys.readouterr().out
    assert run(build) == 0
    (item,) = VectorDictionary.open(tmp_path / "index").items
    assert item.captions == () and item.machine[0].text
    data = ["--data", str(gallery), "--split", "all"]
    assert run(["caption", "evaluate", "--captioner", captioner, *data]) == 0
    table = capsys.readouterr().out
    assert "BLEU-4" in table and "constant" in table and "a person" in table


def test_several_sources_are_one(
    trained: Path, gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from timanh.cli import run

    settings = ("min_count=1", "hidden=16", "embed=8", "mirror=false")
    command = [
        "caption",
        "train",
        "--model",
        str(trained / "tower"),
        "--out",
        str(tmp_path / "out"),
    ]
    command += ["--epochs", "1", "--batch-size", "4"]
    command += [part for one in settings for part in ("--set", one)]
    assert run([*command, "--data", str(trained / "gallery"), "--data", str(gallery)]) == 0
    said = capsys.readouterr()
    assert said.err.count("12 of 12 pictures have captions") == 2
    assert "\n2 pictures · 2.0 references" in said.out  # of the test split, one of each
