/** Thousands of pictures to scroll: they come page by page, and pages far away are emptied. */
import { element } from "./dom.js";

const NEAR = "1500px";

/**
 * Fill `list`, which scrolls inside `frame`, with one ul per page of `more()` (empty at the end, null
 * where it failed),
 * each picture drawn by `tile(picture)`. `end()` lets go of everything.
 */
export function startSheets(list, frame, more, tile) {
  const pages = new WeakMap();
  const foot = element("div", { class: "sheets-foot" });
  let busy = false;
  list.append(foot);

  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting, boundingClientRect } of entries) {
      if (isIntersecting) fill(target);
      else if (target.firstChild) empty(target, boundingClientRect.height);
    }
  }, { root: frame, rootMargin: NEAR });
  const ended = new IntersectionObserver((entries) => entries.at(-1).isIntersecting && next(), { root: frame, rootMargin: NEAR });
  ended.observe(foot);

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

  async function next() {
    if (busy) return;
    busy = true;
    const page = await more();
    busy = false;
    if (!page) return; // failed, and said so: tried again when the foot is scrolled to anew
    if (!page.length) {
      ended.disconnect();
      return;
    }
    const sheet = element("ul", { class: "sheet" });
    pages.set(sheet, page);
    fill(sheet);
    foot.before(sheet);
    seen.observe(sheet);
    // Observed anew, so that it reports again if the foot is still in view.
    ended.unobserve(foot);
    ended.observe(foot);
  }

  return {
    end() {
      seen.disconnect();
      ended.disconnect();
    },
  };
}
