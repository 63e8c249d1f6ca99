"""How quick, how still, how light and how smooth is the page?

    PYTHONPATH=lib python benchmarks/page.py [--count 1000] [--repeats 5]

Draws a gallery, serves it by the real API and backend, and looks at the page in a headless
Chromium: loads with an empty and with a full history, weight, layout shift, and 1,000 results and
20,000 photos scrolled to their ends. The list of the 20,000 is the page's own stand-in: the drawn
pictures over and over. Without a GPU Chromium draws with the processor, which
the gaps between frames include and the thread's own work does not. Writes `results/page.json`.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from common import ROOT, keep
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(ROOT))

from tests.browser import measures
from tests.browser.history import FILL
from tests.browser.site import FLAGS, Site, chromium, serving
from tests.browser.steps import loaded, open_photos, search
from timanh.data.scenes import draw_gallery


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000, help="pictures drawn")
    parser.add_argument("--repeats", type=int, default=5, help="loads; medians are kept")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        gallery = draw_gallery(root / "gallery", count=given.count, progress=False)
        with serving(gallery, root / "index") as site, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            document = measure(browser, site, given.repeats)
            document["pictures"] = given.count
            document["browser"] = f"Chromium {browser.version}, headless, no GPU"
            browser.close()
    show(document)
    keep("page", document)


def measure(browser: Browser, site: Site, repeats: int) -> dict[str, Any]:
    """Each on a page of its own, so that nothing is warm from the one before."""
    found: dict[str, Any] = {}
    page = open_page(browser, site)
    found["weight_bytes"] = int(page.evaluate(measures.WEIGHT))
    paints, readies = measures.load_times(page, site.url, ".chip", repeats)
    found["first_paint_ms"] = median(paints)
    found["interactive_ms"] = median(readies)
    page.context.close()

    page = open_page(browser, site)
    search(page, "a red car")
    loaded(page)
    found["layout_shift"] = round(page.evaluate("window.shift"), 4)
    page.evaluate(FILL, 500)
    _, readies = measures.load_times(page, site.url, ".question", repeats)
    found["five_hundred_questions_ms"] = median(readies)
    page.context.close()

    page = open_page(browser, site, measures.TWENTY_THOUSAND)
    paints, readies = measures.load_times(page, f"{site.url}/photos", ".photo", repeats)
    found["photos_first_paint_ms"] = median(paints)
    found["photos_seen_ms"] = median(readies)
    page.context.close()

    found["results"] = smoothness(browser, site, "search")
    found["photos"] = smoothness(browser, site, "photos")
    return found


def smoothness(browser: Browser, site: Site, view: str) -> dict[str, Any]:
    """All pictures of one view scrolled to the end: as it is, then under a trace."""
    found: dict[str, Any] = {}
    for kind in ("seen", "work"):
        page = open_page(browser, site, measures.TWENTY_THOUSAND if view == "photos" else "")
        ended = ".messages .list-end"
        if view == "search":
            search(page, "a red car")
        else:
            open_photos(page)
            ended = "body"
        if kind == "seen":
            found |= measures.scroll(page, None, ended)
            found["layout_shift"] = round(page.evaluate("window.shift"), 4)
        else:
            found["work_a_frame"] = measures.work_of_frames(browser, page, None, ended)
        page.context.close()
    return found


def open_page(browser: Browser, site: Site, script: str = "") -> Page:
    context = browser.new_context(
        locale="en-GB", viewport={"width": 1440, "height": 900}, service_workers="block"
    )
    page = context.new_page()
    page.add_init_script(measures.SHIFTS)
    page.add_init_script("localStorage.setItem('count', '50')")  # more than fits on the screen
    if script:
        page.add_init_script(script)
    page.goto(site.url)
    page.wait_for_selector(".sample img")
    return page


def median(values: list[float]) -> float:
    return round(statistics.median(values), 1)


def show(document: dict[str, Any]) -> None:
    rows = [
        ("first paint, ms", document["first_paint_ms"], "< 500"),
        ("interactive, ms", document["interactive_ms"], "< 1000"),
        ("500 questions open, ms", document["five_hundred_questions_ms"], "< 1000"),
        ("layout shift of a search", document["layout_shift"], "< 0.02"),
        ("weight without pictures, kB", document["weight_bytes"] / 1000, "< 300"),
        ("20,000 photos: first paint, ms", document["photos_first_paint_ms"], "< 500"),
        ("20,000 photos: the first are there, ms", document["photos_seen_ms"], "< 1000"),
    ]
    for view in ("results", "photos"):
        seen = document[view]
        work = seen["work_a_frame"]
        rows += [
            (f"{view}: gap between frames, median ms", seen["gap_median_ms"], "< 17"),
            (f"{view}: gap between frames, p95 ms", seen["gap_p95_ms"], "< 17"),
            (f"{view}: thread's own ms a frame, median", work["median_ms"], "< 8"),
            (f"{view}: thread's own ms a frame, p95", work["p95_ms"], "< 8"),
            (f"{view}: frames under 16.7 ms of it, %", 100 * work["under_16_7_ms"], ""),
            (f"{view}: layout shift", seen["layout_shift"], "< 0.02"),
            (f"{view}: most pictures at once", seen["most_images"], "bounded"),
            (f"{view}: script heap after, MB", seen["heap_mb"], "bounded"),
        ]
    for name, value, limit in rows:
        print(f"{name:<46} {value:>10.4g}   {limit}")


if __name__ == "__main__":
    main()
