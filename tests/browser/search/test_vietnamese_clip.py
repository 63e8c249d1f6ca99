"""A Vietnamese CLIP of one's own behind the page: trained, served and searched in Vietnamese."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from tower_checkpoints import phobert, resnet
from vietnamese_data import uit_viic

from tests.browser.site import Site, serving
from tests.browser.steps import WORDS, loaded, search
from timanh.cli import run


@pytest.fixture(scope="module")
def vietnamese_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("vietnamese-site")
    uit_viic(root / "uit-viic", 12)
    resnet(root / "resnet-50")
    phobert(root / "phobert-base-v2")
    towers = ["--vision", str(root / "resnet-50"), "--text", str(root / "phobert-base-v2")]
    trained = ["train", "--data", str(root / "uit-viic"), *towers, "--out", str(root / "vi-clip")]
    few = ["--recipe", "vietnamese-report", "--epochs", "1", "--batch-size", "8"]
    assert run([*trained, *few, "--device", "cpu"]) == 0
    with serving(root / "uit-viic", root / "index", model=root / "vi-clip") as site:
        yield site


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("Cầu thủ bóng chày đánh bóng", None),
        ("caauf thur bongs chayf ddanhs bongs", "cầu thủ bóng chày đánh bóng"),  # Telex, left on
    ],
)
def test_it_answers_vietnamese_without_a_translator(
    browser: Browser, vietnamese_site: Site, typed: str, understood: str | None
) -> None:
    context = browser.new_context(locale="vi-VN", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(vietnamese_site.url)
    search(page, typed)
    loaded(page)
    expect(page.locator(".tile:not(.waiting)")).to_have_count(10)
    answer = page.locator(".answer:last-child")
    expect(answer.locator(".sentence")).to_contain_text(f"“{typed}”")
    note = WORDS["vi"]["translated"].replace("{words}", understood or "")
    expect(answer.get_by_text(note)).to_have_count(1 if understood else 0)
    expect(answer.get_by_text("tìm theo nguyên văn")).to_have_count(0)  # it needs no translator
    context.close()
