/** Thousands of pictures to scroll: they come page by page, and pages far away are emptied. */
import { element } from "../core/dom.js";
import { listFoot } from "../core/list-foot.js";

const NEAR = "1500px";

/**
 * Fill `list`, which scrolls inside `frame`, with one ul per page of `more()` (empty at the end, null
 * where it failed), each picture drawn by `tile(picture)`; `awaited()` is how many come next, so that
 * their places are kept and nothing moves. `end()` lets go of everything.
 */
export function startSheets(list, frame, { more, awaited, tile }) {
  const pages = new Map();
  const foot = listFoot(() => next(true));
  let [busy, count, width] = [false, 0, 0];
  list.append(foot.node);

  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting, boundingClientRect } of entries) {
      if (isIntersecting) fill(target);
      else if (target.firstChild) empty(target, boundingClientRect.height);
    }
  }, { root: frame, rootMargin: NEAR });
  const ended = new IntersectionObserver((entries) => entries.at(-1).isIntersecting && next(), { root: frame, rootMargin: NEAR });
  const resized = new ResizeObserver(([{ contentRect }]) => {
    if (width && width !== contentRect.width) [...pages.keys()].forEach(measureAnew);
    ({ width } = contentRect);
  });
  ended.observe(foot.node);
  resized.observe(list);

  function fill(sheet) {
    if (sheet.firstChild) return;
    sheet.append(...pages.get(sheet).map(tile));
    sheet.style.removeProperty("height");
  }

  function empty(sheet, height) {
    if (sheet.contains(document.activeElement)) return; // the focus would be lost
    sheet.style.setProperty("height", `${height}px`);
    sheet.replaceChildren();
  }

  /** Another width is another height: filled now, emptied again by the observer's first report. */
  function measureAnew(sheet) {
    fill(sheet);
    seen.unobserve(sheet);
    seen.observe(sheet);
  }

  async function next(pressed = false) {
    if (busy) return;
    busy = true;
    foot.show("busy");
    const waiting = element("ul", { class: "sheet waiting", "aria-hidden": "true" }, ...Array.from({ length: awaited() }, emptyTile));
    foot.node.before(waiting);
    const page = await more();
    waiting.remove();
    busy = false;
    foot.show(page && !page.length ? "end" : "more", count);
    // Failed, and said so: tried again when the foot is scrolled to anew, or by its button.
    if (page?.length) show(page, pressed);
    else if (page) ended.disconnect();
  }

  function show(page, pressed) {
    const sheet = element("ul", { class: "sheet" });
    count += page.length;
    pages.set(sheet, page);
    fill(sheet);
    foot.node.before(sheet);
    seen.observe(sheet);
    if (pressed) sheet.querySelector("button").focus();
    // Observed anew, so that it reports again if the foot is still in view.
    ended.unobserve(foot.node);
    ended.observe(foot.node);
  }

  return {
    end() {
      for (const observer of [seen, ended, resized]) observer.disconnect();
    },
  };
}

function emptyTile() {
  return element("li", {}, element("div", { class: "hit" }));
}
