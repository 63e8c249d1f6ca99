/**
 * Tens of thousands of tiles in rows of equal squares. Only the rows near the view are in the page; a row's place is
 * reckoned, never measured, so that nothing is laid out twice.
 */
import { element } from "../core/dom.js";

const NEAR = 900; // pixels above and below what is seen
const STEPS = { ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: (columns) => -columns, ArrowDown: (columns) => columns };

/**
 * Fill `place`, which scrolls with `frame` (the page, or an element). `count()` is how many there are, `draw(index)`
 * gives the button of one or null where it has not come, `want(first, last)` gets what is seen, `moved(first)`
 * which is the first. Returns `{draw, focusOn, end}`.
 */
export function startGrid(place, frame, { count, draw, want, moved = () => {} }) {
  const rows = new Map(); // number → element
  let [room, columns, side, gap, active, frameAt] = [0, 1, 0, 0, 0, 0];
  const scroller = frame ?? document;
  const resized = new ResizeObserver(lay);

  place.role = "grid";
  place.addEventListener("keydown", go);
  place.addEventListener("focusin", ({ target }) => setActive(Number(target.dataset.index), false));
  scroller.addEventListener("scroll", soon, { passive: true });
  resized.observe(place);

  /** Another width is another number of columns. */
  function lay() {
    const width = place.clientWidth;
    if (!width || width === room) return; // not shown, or only higher
    const focused = place.contains(document.activeElement);
    room = width;
    const style = getComputedStyle(place);
    const least = Number.parseFloat(style.getPropertyValue("--tile")) * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    gap = Number.parseFloat(style.columnGap);
    columns = Math.max(3, Math.round((width + gap) / (least + gap)));
    side = (width - gap * (columns - 1)) / columns;
    place.style.setProperty("--columns", columns);
    place.style.setProperty("--side", `${side}px`);
    clear();
    show();
    if (focused) buttonAt(active)?.focus({ preventScroll: true });
  }

  function soon() {
    frameAt ||= requestAnimationFrame(show);
  }

  /** The rows that are seen, and some beyond. */
  function show() {
    frameAt = 0;
    if (!side || !place.checkVisibility()) return;
    const total = Math.ceil(count() / columns);
    const height = side + gap;
    place.style.setProperty("--height", `${Math.max(0, total * height - gap)}px`);
    place.setAttribute("aria-rowcount", total);
    const top = (frame?.getBoundingClientRect().top ?? 0) - place.getBoundingClientRect().top;
    const seen = frame?.clientHeight ?? innerHeight;
    const first = Math.max(0, Math.floor((top - NEAR) / height));
    const last = Math.min(total - 1, Math.floor((top + seen + NEAR) / height));
    for (const [number, row] of rows) if ((number < first || number > last) && !row.contains(document.activeElement)) drop(number);
    want(first * columns, Math.min(count(), (last + 1) * columns) - 1);
    for (let number = first; number <= last; number += 1) fill(number);
    moved(Math.min(Math.max(0, count() - 1), Math.max(0, Math.floor(top / height)) * columns));
  }

  function fill(number) {
    const row = rows.get(number) ?? addRow(number);
    const end = Math.min(columns, count() - number * columns);
    for (let column = 0; column < end; column += 1) {
      const cell = row.children[column] ?? row.appendChild(element("div", { role: "gridcell", class: "cell" }));
      if (!cell.firstChild) fillCell(cell, number * columns + column);
    }
    while (row.children.length > Math.max(0, end)) row.lastChild.remove();
  }

  function fillCell(cell, index) {
    const button = draw(index);
    if (!button) return;
    button.dataset.index = index;
    button.tabIndex = index === active ? 0 : -1;
    cell.append(button);
  }

  function addRow(number) {
    const row = element("div", { role: "row", class: "photo-row", "aria-rowindex": number + 1 });
    row.style.setProperty("--top", `${number * (side + gap)}px`);
    rows.set(number, row);
    const after = [...rows.keys()].filter((other) => other > number).sort((one, other) => one - other)[0];
    place.insertBefore(row, rows.get(after) ?? null); // Tab goes in their order
    return row;
  }

  function drop(number) {
    rows.get(number).remove();
    rows.delete(number);
  }

  function clear() {
    [...rows.keys()].forEach(drop);
  }

  function go(event) {
    const last = count() - 1;
    const at = event.key === "Home" ? 0 : event.key === "End" ? last : active + (STEPS[event.key]?.(columns) ?? 0);
    if (at === active || at < 0 || at > last) return;
    event.preventDefault();
    setActive(at, true);
  }

  function setActive(index, focus) {
    if (!Number.isInteger(index)) return;
    buttonAt(active)?.setAttribute("tabindex", -1);
    active = index;
    if (focus) focusOn(index);
    else buttonAt(index)?.setAttribute("tabindex", 0);
  }

  function buttonAt(index) {
    return rows.get(Math.floor(index / columns))?.children[index % columns]?.querySelector("button");
  }

  /** Scroll to a tile and focus it, once it is there. */
  async function focusOn(index, tries = 40) {
    active = index;
    const top = Math.floor(index / columns) * (side + gap);
    const { top: at } = place.getBoundingClientRect();
    const [from, to] = frame ? [frame.getBoundingClientRect().top, frame.getBoundingClientRect().bottom] : [140, innerHeight - 24];
    const target = frame ?? document.scrollingElement;
    if (at + top < from) target.scrollTop += at + top - from;
    else if (at + top + side > to) target.scrollTop += at + top + side - to;
    show();
    const button = buttonAt(index);
    if (button) {
      button.tabIndex = 0;
      button.focus({ preventScroll: true });
    } else if (tries) {
      await new Promise((done) => setTimeout(done, 50));
      if (active === index) await focusOn(index, tries - 1);
    }
  }

  return {
    /** Draw again what has come or changed; `all` of it. */
    draw(all = false) {
      const focused = place.contains(document.activeElement);
      if (all) for (const row of rows.values()) for (const cell of row.children) cell.replaceChildren();
      show();
      if (focused) buttonAt(active)?.focus({ preventScroll: true });
    },
    focusOn,
    end() {
      cancelAnimationFrame(frameAt);
      scroller.removeEventListener("scroll", soon);
      resized.disconnect();
    },
  };
}
