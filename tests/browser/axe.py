"""A page in which axe-core looks for what is wrong for people who use it otherwise."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

AXE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


@contextmanager
def axe_page(browser: Browser, theme: str, locale: str, width: int) -> Iterator[Page]:
    """An empty page of its own context, with axe-core in all that it opens."""
    context = browser.new_context(
        locale=locale, viewport={"width": width, "height": 800}, service_workers="block",
        reduced_motion="reduce", bypass_csp=True,
    )  # fmt: skip
    page = context.new_page()
    page.add_init_script(f"localStorage.setItem('theme', '{theme}')")
    page.add_init_script(path=AXE)
    yield page
    context.close()


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong, each with the places, within the open dialog if there is one."""
    page.wait_for_function(
        """() => document.getAnimations().every((each) => each.playState !== 'running'
            || each.effect.getTiming().iterations === Infinity)"""
    )
    found: list[dict[str, Any]] = page.evaluate(
        """async () => (await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a',
            'wcag21aa', 'wcag22aa', 'best-practice'] })).violations"""
    )
    return [f"{each['id']}: {[node['html'][:160] for node in each['nodes'][:3]]}" for each in found]
