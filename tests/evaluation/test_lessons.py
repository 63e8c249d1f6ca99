"""What notebooks show: one batch as a matrix, tables, lines in both languages."""

from pathlib import Path

import numpy as np
import pytest
import torch
from pixel_encoder import PixelEncoder

from timanh.data import open_data
from timanh.errors import DataError
from timanh.evaluation import lessons
from timanh.search.query import SearchResult, Understood
from timanh.training import Recipe
from timanh.training.losses import info_nce
from timanh.vectors import CheckReport


def test_the_loss_of_a_batch_is_the_one_that_training_uses() -> None:
    random = np.random.default_rng(0)
    images, texts = (random.normal(size=(7, 5)).astype(np.float32) for _ in range(2))
    images /= np.linalg.norm(images, axis=1, keepdims=True)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    scale = 14.0
    trained = info_nce(torch.tensor(images), torch.tensor(texts), torch.tensor(np.log(scale)))
    assert lessons.contrastive_loss(images @ texts.T, scale) == pytest.approx(float(trained), 1e-5)
    same = np.full((7, 7), 0.3, np.float32)
    assert lessons.contrastive_loss(same) == pytest.approx(np.log(7))
    assert lessons.contrastive_loss(np.eye(7, dtype=np.float32)) < 1e-6
    worst = lessons.contrastive_loss(-np.eye(7, dtype=np.float32))
    assert np.isfinite(worst) and worst > 80
    np.testing.assert_allclose(lessons.shares(images @ texts.T, axis=1).sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(lessons.shares(images @ texts.T, axis=0).sum(0), 1, rtol=1e-5)


def test_a_batch_is_drawn_and_looked_at(gallery: Path, tmp_path: Path) -> None:
    folder = open_data(gallery)
    batch = lessons.draw_batch(folder, folder.names, 6, seed=1)
    assert len(batch.pictures) == len(batch.texts) == 6
    again = lessons.draw_batch(folder, folder.names, 6, seed=1)
    assert again.texts == batch.texts
    matrix = lessons.cosine_matrix(PixelEncoder(), batch)
    assert matrix.shape == (6, 6) and matrix.dtype == np.float32 and abs(matrix).max() <= 1.001
    place = tmp_path / "figures" / "batch.png"
    losses = {"before": 1.8, "after": 0.2}
    lessons.plot_batch(batch, {"before": matrix, "after": matrix}, place, losses=losses)
    assert place.stat().st_size > 10_000
    assert len(lessons.draw_batch(folder, folder.names, 100).texts) == 12
    with pytest.raises(DataError, match="needs two pictures with captions"):
        lessons.draw_batch(folder, folder.names[:1])


def test_tables_are_text_and_html() -> None:
    table = lessons.Table(("name", "n"), [("<b>", 1200), ("x", 3)], "title")
    assert str(table).splitlines() == ["title", "name      n", "<b>   1,200", "x         3"]
    html = table._repr_html_()
    assert "&lt;b&gt;" in html and "<b>" not in html and "text-align:right" in html
    assert str(lessons.Table(("a",), [])) == "a"


def test_summaries_have_both_languages_and_no_python() -> None:
    recipe = str(lessons.recipe_table(Recipe.named("demo")))
    assert "batch_size" in recipe and "số ảnh" in recipe and "crop" not in recipe
    assert "crop" in str(lessons.recipe_table(Recipe.named("strong")))
    query = Understood("chó", "dog", "vi", 0.6, 1, notice="Something.")
    said = lessons.understood(SearchResult(query, (), {"total": 3.2}, considered=240))
    assert "“chó” (vi) · encoded as “dog” · 1 picture(s) · alpha 0.6" in said
    assert "1 ảnh" in said and said.endswith("Something.")
    plain = lessons.understood(
        SearchResult(Understood("dog", None, "en", 0.6, 0), (), {"total": 1.0}, considered=2)
    )
    assert "encoded" not in plain and "alpha" not in plain
    check = str(lessons.check_table(CheckReport(3, 128, ("One is long.",), 0, None)))
    assert "One is long." in check and "—" in check


def test_recall_stands_with_its_interval() -> None:
    way = {"R@1": 51.1, "R@5": 77.9, "R@10": 86.4, "ci95": {"R@1": [48.0, 54.2]}, "MRR": 0.62}
    document = {"model": "m", "gallery": 1000, "t2i": way, "i2t": way}
    assert "51.1 % [48.0, 54.2]" in str(lessons.recall_table(document, document))
    dev = {"t2i": way, "i2t": way}
    history = [{"epoch": 1, "loss": 1.5, "dev": dev}, {"epoch": 2, "loss": 1.25, "dev": None}]
    assert "—" in str(lessons.training_table(history))


def test_templates_are_compared_on_drawn_pictures() -> None:
    drawn = lessons.draw_labelled(4)
    assert len(drawn.pictures) == len(drawn.truth) == 4 and "car" in drawn.labels
    vietnamese = lessons.draw_labelled(4, "vi")
    assert vietnamese.truth == drawn.truth and "chiếc ô tô" in vietnamese.labels
    table = lessons.templates_table(PixelEncoder(), drawn, ["{}", "a picture of a {}"])
    assert [row[0] for row in table.rows] == ["{}", "a picture of a {}", "all · tất cả"]
    assert all(str(row[1]).endswith("%") for row in table.rows)
