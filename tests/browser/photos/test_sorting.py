"""Photos sorted into labels: selected, corrected by hand, kept as tags, taken along as a table."""

import csv
import re

from playwright.sync_api import Page, Route, expect

from tests.browser.steps import WORDS, escape, open_filter, open_photos

DRAG = """([tile, column]) => {
    const data = new DataTransfer();
    const fire = (target, kind) => target.dispatchEvent(
        new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
    fire(tile, 'dragstart');
    fire(column, 'dragover');
    fire(column, 'drop');
}"""
FORGET = """async () => {
    const { tags } = await (await fetch('/api/tags')).json();
    const { images } = await (await fetch('/api/gallery?limit=200')).json();
    const more = await (await fetch('/api/gallery?limit=200&offset=200')).json();
    const all = [...images, ...more.images];
    await fetch('/api/tags', { method: 'POST', headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ among: tags.map(({ tag }) => tag),
            pictures: Object.fromEntries(all.map(({ id }) => [id, []])) }) });
}"""


def sort(page: Page, labels: str) -> None:
    """Write labels, and wait until all pictures are in the columns."""
    page.locator("#sort-label").fill(labels)
    page.locator("#sort-label").press("Enter")
    page.locator(".sort-form .primary").click()
    page.wait_for_selector("#sort-save")


def count(page: Page, column: str) -> int:
    region = page.get_by_role("region", name=column, exact=True)
    return int(region.locator("header span").inner_text() or 0)


def test_a_folder_is_sorted_corrected_and_kept_as_tags(page: Page) -> None:
    open_photos(page)
    page.locator("#photos-sort").click()
    sort(page, "car, tree")
    names = page.locator(".sort-column h3").all_inner_texts()
    assert names == ["car", "tree", "Unsure", "None of these"]
    done = "300 photos sorted."
    expect(page.locator("#sort-foot p")).to_have_text(done)
    assert sum(count(page, name) for name in names) == 300
    # By dragging, by a number key, and by the button of a column.
    cars, trees = count(page, "car"), count(page, "tree")
    tile = page.locator(".sort-column").nth(0).locator(".sort-tile").first
    column = page.locator(".sort-column").nth(1)
    page.evaluate(DRAG, [tile.element_handle(), column.element_handle()])
    assert (count(page, "car"), count(page, "tree")) == (cars - 1, trees + 1)
    page.locator(".sort-column").nth(3).locator(".sort-tile").first.focus()
    page.keyboard.press("1")
    assert count(page, "car") == cars
    expect(page.locator(".sort-tile:focus")).to_have_count(1)
    page.locator(".sort-column").nth(3).locator(".sort-tile").first.press("Enter")
    page.get_by_role("button", name=re.compile("Move 1 to “tree”")).click()
    assert count(page, "tree") == trees + 2
    with page.expect_download() as downloading:
        page.locator("#sort-csv").click()
    text = downloading.value.path().read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == 300 and sum(row["corrected"] == "yes" for row in rows) == 3
    assert sum(row["label"] == "tree" for row in rows) == trees + 2
    page.locator("#sort-save").click()
    expect(page.locator(".toast p")).to_contain_text("have tags now")
    escape(page)
    expect(page.locator(".panel.sorting")).to_be_hidden()
    chooser = page.get_by_role("combobox", name=WORDS["en"]["filter.tag"])
    chooser.select_option("tree")
    expect(page.locator("#photos-count")).to_have_text(f"{trees + 2} photos")
    page.reload()
    expect(page.locator("#photos-count")).to_have_text(f"{trees + 2} photos")
    page.locator(".photo").first.click()
    expect(page.locator("#large-facts")).to_contain_text("tree")
    escape(page)
    page.locator("#views [data-view=search]").click()
    open_filter(page)
    page.locator("[data-field=tag]").select_option("tree")
    expect(page.locator("#picks .narrow")).to_contain_text("Tag: tree")
    page.locator("#words").fill("a picture")
    page.locator("#words").press("Enter")
    expect(page.locator(".answer .sentence")).to_be_visible()
    page.evaluate(FORGET)


def test_what_people_said_and_what_was_sorted_so_far_stays(page: Page) -> None:
    page.expected.append("429")  # type: ignore[attr-defined]
    images = page.request.get(f"{page.url.split('#')[0]}api/gallery?limit=2").json()["images"]
    first = images[0]["id"]
    page.evaluate(
        """(id) => fetch('/api/tags', { method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ among: ['nothing'], pictures: { [id]: ['nothing'] } }) })""",
        first,
    )
    open_photos(page)
    page.locator("#photos-sort").click()
    offsets = []

    def busy(route: Route) -> None:
        offsets.append(route.request.post_data_json["offset"])
        if len(offsets) == 2:
            body = '{"code":"busy","detail":"Later."}'
            route.fulfill(status=429, content_type="application/problem+json", body=body)
        else:
            route.continue_()

    page.route("**/api/gallery/classify", busy)
    page.locator("#sort-label").fill("car, nothing")
    page.locator(".sort-form .primary").click()
    expect(page.locator("#sort-foot .failure")).to_be_visible()
    expect(page.locator("#sort-csv")).to_be_visible()
    page.locator(".sort-column").nth(3).locator(".sort-tile").first.focus()
    page.keyboard.press("1")
    cars = count(page, "car")
    page.locator("#sort-again").click()
    expect(page.locator("#sort-foot p")).to_have_text("300 photos sorted.")
    assert offsets == [0, 100, 100, 200] and count(page, "car") >= cars
    # A person's tag counts for more than a guess.
    tagged = page.get_by_role("region", name="nothing", exact=True)
    expect(tagged.locator(".sort-tile").filter(has_text="✓")).to_have_count(1)
    # What is corrected and not saved is there again after closing.
    cars = count(page, "car")
    escape(page)
    expect(page.locator(".panel.sorting")).to_be_hidden()
    page.locator("#photos-sort").click()
    expect(page.locator("#sort-foot p")).to_have_text("300 photos sorted.")
    assert count(page, "car") == cars
    page.locator("#sort-save").click()
    expect(page.locator(".toast p")).to_contain_text("have tags now")
    escape(page)
    page.evaluate(FORGET)


def test_selected_photos_alone_are_sorted_in_vietnamese(page: Page) -> None:
    page.locator("#language").click()
    open_photos(page)
    page.locator("#photos-select").click()
    page.locator(".photo").nth(1).click()
    page.locator(".photo").nth(4).click(modifiers=["Shift"])
    page.locator(".photo").nth(2).press("Space")
    expect(page.locator("#photos-head h2")).to_have_text("Đã chọn 3 ảnh")
    expect(page.locator(".photo[aria-pressed=true]")).to_have_count(3)
    page.locator("#photos-sort").click()
    expect(page.locator(".sorting h2")).to_have_text(WORDS["vi"]["sort.title"])
    sort(page, "con mèo")
    assert page.locator(".sort-column h3").all_inner_texts() == [
        "con mèo", "Chưa rõ", "Không nhãn nào",
    ]  # fmt: skip
    expect(page.locator(".sort-tile")).to_have_count(3)
    page.go_back()
    expect(page.locator(".panel.sorting")).to_be_hidden()
    page.locator(".photo").nth(1).press("Escape")
    expect(page.locator("#photos-head h2")).to_have_text("Ảnh")


def test_what_goes_wrong_is_said(page: Page) -> None:
    page.expected.append("422")  # type: ignore[attr-defined]
    open_photos(page)
    page.locator("#photos-sort").click()
    page.locator(".sort-form .primary").click()
    expect(page.locator(".toast p")).to_have_text(WORDS["en"]["sort.nothing"])
    page.route(
        "**/api/gallery/classify",
        lambda route: route.fulfill(
            status=422, content_type="application/problem+json",
            body='{"code":"bad-query","detail":"The label “x” is given twice."}',
        ),
    )  # fmt: skip
    page.locator("#sort-label").fill("x")
    page.locator("#sort-label").press("Enter")
    page.locator(".sort-form .primary").click()
    expect(page.locator("#sorted .failure")).to_contain_text("is given twice")
