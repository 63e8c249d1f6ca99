"""How quick, how still, how light, how smooth: what the tests hold and a benchmark reports."""

import json
import statistics
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Browser, Page

FIRST_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"
NOW = "() => performance.now()"
WEIGHT = """() => performance.getEntriesByType('resource')
    .filter(({ name }) => !name.includes('/api/images/'))
    .reduce((sum, { encodedBodySize }) => sum + encodedBodySize,
        performance.getEntriesByType('navigation')[0].encodedBodySize)"""

# For add_init_script: what moved without a person having done it, as Chromium reckons CLS.
SHIFTS = """window.shift = 0; new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: 'layout-shift', buffered: true });"""

# For add_init_script: a gallery of 20,000 stands in, made of the real pictures over and over.
TWENTY_THOUSAND = """(() => {
    const own = window.fetch.bind(window);
    let base = null;
    window.fetch = async (url, options) => {
        const fields = new URL(url, location.href).searchParams;
        if (!String(url).startsWith('/api/gallery?order')) return own(url, options);
        base ??= own('/api/gallery?limit=100').then((answer) => answer.json());
        const [{ images }, offset] = [await base, Number(fields.get('offset') ?? 0)];
        await new Promise((done) => setTimeout(done, 60)); // scrolling outruns it
        const count = Math.max(0, Math.min(Number(fields.get('limit')), 20000 - offset));
        const row = (at) => ({ ...images[at % 100], id: `${images[at % 100].id}-${at}` });
        return Response.json({ total: 20000, gallery: 20000, offset,
            images: Array.from({ length: count }, (_, at) => row(offset + at)) });
    };
})()"""

# A gallery of 1,000 stands in, made of the real pictures over and over, without leaving the page.
THOUSAND = """async () => {
    const { images } = await (await fetch('/api/gallery?limit=100')).json();
    const at = (index) => ({ ...images[index % 100], id: `${images[index % 100].id}-${index}` });
    const rows = (from, count) => Array.from(
        { length: Math.max(0, Math.min(count, 1000 - from)) }, (_, row) => at(from + row));
    const event = (kind, data) => `event: ${kind}\\ndata: ${JSON.stringify(data)}\\n\\n`;
    const late = () => new Promise((done) => setTimeout(done, 300)); // scrolling outruns it
    const own = window.fetch;
    window.fetch = async (url, options) => {
        if (!String(url).startsWith('/api/search/stream')) return own(url, options);
        const offset = Number(options.body.get('offset') ?? 0);
        await late();
        const found = rows(offset, Number(options.body.get('k')));
        const hits = found.map((image, index) => event('hit',
            { ...image, score: 1 - (offset + index) / 1000, rank: offset + index + 1 }));
        return new Response([
            event('understood', { text: 'x', language: 'en', alpha: 0.6 }), ...hits,
            event('answer', { text: 'x' }), event('done', { weak: false, took_ms: { total: 1 } }),
        ].join(''), { headers: { 'Content-Type': 'text/event-stream' } });
    };
}"""

TRACED = ["toplevel", "disabled-by-default-devtools.timeline.frame"]

# Scroll `frame` down by 120 px a frame until its end stays; the gaps between frames in ms.
SCROLL = """async ([selector, ended, limit]) => {
    const frame = selector ? document.querySelector(selector) : document.scrollingElement;
    const gaps = [];
    let last = performance.now();
    let most = 0;
    for (let still = 0; still < 20 && gaps.length < limit;) {
        const before = frame.scrollTop;
        frame.scrollBy(0, 120);
        const now = await new Promise(requestAnimationFrame);
        gaps.push(now - last);
        last = now;
        if (gaps.length % 25 === 0) most = Math.max(most, document.images.length);
        still = frame.scrollTop === before && document.querySelector(ended) ? still + 1 : 0;
    }
    return { gaps, most_images: most, tiles: document.querySelectorAll('.tile').length };
}"""


def scroll(page: Page, frame: str | None, ended: str, limit: int = 4000) -> dict[str, Any]:
    """Scroll to the end, which the selector `ended` tells, or `limit` frames far.

    Returns:
        frames; ms between frames (median, p95); the page thread's own ms a frame and the parts of
        it; the most pictures that were in the page at once; MB of the script heap after it.
    """
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def counted() -> dict[str, float]:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return {each["name"]: float(each["value"]) for each in metrics}

    before = counted()
    seen = page.evaluate(SCROLL, [frame, ended, limit])
    after = counted()
    frames = len(seen["gaps"])
    session.send("HeapProfiler.collectGarbage")

    def ms_a_frame(name: str) -> float:
        return round(1_000 * (after[name] - before[name]) / frames, 2)

    return {
        "frames": frames,
        "tiles": seen["tiles"],
        "gap_median_ms": round(statistics.median(seen["gaps"]), 1),
        "gap_p95_ms": round(percentile(seen["gaps"], 0.95), 1),
        "thread_ms_a_frame": ms_a_frame("TaskDuration"),
        "script_ms_a_frame": ms_a_frame("ScriptDuration"),
        "layout_ms_a_frame": ms_a_frame("LayoutDuration"),
        "style_ms_a_frame": ms_a_frame("RecalcStyleDuration"),
        "most_images": seen["most_images"],
        "heap_mb": round(counted()["JSHeapUsedSize"] / 1e6, 1),
    }


def work_of_frames(
    browser: Browser, page: Page, frame: str | None, ended: str, limit: int = 4000
) -> dict[str, Any]:
    """Scroll to the end under a trace: CPU ms of the page's thread in each frame.

    Waiting for a software rasteriser, or for a busy machine, is not in it.
    """
    browser.start_tracing(page=page, categories=TRACED)
    page.evaluate(SCROLL, [frame, ended, limit])
    trace = browser.stop_tracing()
    return _frames_of(trace)


def _frames_of(trace: bytes) -> dict[str, Any]:
    events = json.loads(trace)["traceEvents"]
    begins = [each for each in events if each.get("name") == "BeginMainThreadFrame"]
    threads = [(each["pid"], each["tid"]) for each in begins]
    thread = max(set(threads), key=threads.count)
    starts = sorted(each["ts"] for each in begins if (each["pid"], each["tid"]) == thread)
    tasks = sorted(
        (each["ts"], each.get("tdur", each.get("dur", 0)))
        for each in events
        if each.get("name") == "ThreadControllerImpl::RunTask" and each.get("ph") == "X"
        and (each["pid"], each["tid"]) == thread
    )  # fmt: skip
    work = [0.0] * len(starts)
    at = -1
    for when, took in tasks:
        while at + 1 < len(starts) and starts[at + 1] <= when:
            at += 1
        if at >= 0:
            work[at] += took / 1_000
    return {
        "frames": len(work),
        "median_ms": round(statistics.median(work), 2),
        "p95_ms": round(percentile(work, 0.95), 2),
        "p99_ms": round(percentile(work, 0.99), 2),
        "under_8_ms": round(sum(each < 8 for each in work) / len(work), 4),
        "under_16_7_ms": round(sum(each < 16.7 for each in work) / len(work), 4),
    }


def shared(page: Page, url: str) -> float:
    """How many times longer than alone all takes on this machine now; 1 where nobody else works.

    A drawing of 1 kB by the same server is there within 50 ms then; the best of three counts.
    """
    plain = []
    for _ in range(3):
        page.goto(f"{url}/favicon.svg")
        plain.append(float(page.evaluate(NOW)))
    return max(1.0, min(plain) / 50)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def load_times(page: Page, url: str, ready: str, times: int) -> tuple[list[float], list[float]]:
    """First paint and the moment that `ready` is there, in ms, of so many loads without cache."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    paints, readies = [], []
    for _ in range(times):
        page.goto(url)
        page.wait_for_selector(ready)
        readies.append(float(page.evaluate(NOW)))
        paints.append(float(page.evaluate(FIRST_PAINT)))
    session.detach()
    return paints, readies
