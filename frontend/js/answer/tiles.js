/** Tiles of a long list, in rows: those far from view keep their place and shape, and give their picture back. */
import { element } from "../core/dom.js";
import { onRoom, roomOf, rowsOf } from "./justify.js";

const NEAR = "1500px";
const A_FRAME = 6; // tiles that are filled: the others wait for the next
const contents = new WeakMap(); // a tile → a function that draws what it holds
const ratios = new WeakMap(); // a tile → its picture's width / height
const heights = new WeakMap(); // a row → the height of its pictures
const near = new WeakSet(); // rows
const due = new Set(); // tiles to fill

const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    near[isIntersecting ? "add" : "delete"](target);
    for (const tile of target.children) (isIntersecting ? fillSoon : empty)(tile);
  }
}, { rootMargin: NEAR });

/**
 * Tiles for `list`. `draw(index)` gives the nodes of one; `ratio(index)` its picture's width / height.
 * Returns `{add, fill, at, count, wait, cease, lay}`; what was added or hidden is in its row after `lay()`.
 */
export function startTiles(list, draw, ratio) {
  const [tiles, rows] = [[], []];
  let waiting = [];
  onRoom(list, lay);

  /** The next tile, in the place of one that waits if there is any; filled when it comes near view, or `now`. */
  function add(now) {
    const index = tiles.length;
    const tile = emptyTile(ratio(index), { role: "listitem" });
    contents.set(tile, () => draw(index));
    tiles.push(tile);
    if (now) fill(tile);
    waiting.shift()?.replaceWith(tile);
  }

  /** Put all into rows; rows that are as they should be are left alone. */
  function lay() {
    const all = [...tiles, ...waiting];
    const shown = all.filter(({ hidden }) => !hidden);
    const wanted = rowsOf(shown.map((tile) => ratios.get(tile)), roomOf(list));
    const focused = document.activeElement;
    let [from, at] = [0, 0];
    wanted.forEach(({ count, height }, index) => {
      at += count;
      const to = at < shown.length ? all.indexOf(shown[at], from) : all.length; // those hidden go along
      place(rows[index] ?? addRow(), all.slice(from, to), height);
      from = to;
    });
    for (const row of rows.splice(wanted.length)) {
      seen.unobserve(row);
      row.remove();
    }
    if (document.activeElement !== focused && list.contains(focused)) focused.focus({ preventScroll: true }); // its tile was moved
  }

  function addRow() {
    const row = element("div", { class: "row", role: "none" });
    rows.push(row);
    list.append(row);
    seen.observe(row);
    return row;
  }

  return {
    add,
    lay,
    fill,
    at: (index) => tiles[index],
    count: () => tiles.length,
    /** Keep `count` places for pictures that are on their way; they look as the class `how` says. */
    wait(count, how) {
      waiting.push(...Array.from({ length: count }, () => emptyTile(1, { "aria-hidden": "true" }, how)));
    },
    /** No more are on their way. */
    cease() {
      waiting.forEach((tile) => tile.remove());
      waiting = [];
    },
  };
}

function emptyTile(ratio, attributes, how = "") {
  const tile = element("div", { class: `tile ${how}`, ...attributes });
  tile.style.setProperty("--ratio", ratio);
  ratios.set(tile, ratio);
  return tile;
}

/** Make `content` the row's first children; what stood there goes to the rows after it. */
function place(row, content, height) {
  if (heights.get(row) !== height) row.style.setProperty("--height", height);
  heights.set(row, height);
  let next = row.firstChild;
  for (const tile of content) {
    if (tile === next) next = tile.nextSibling;
    else row.insertBefore(tile, next);
    if (near.has(row)) fillSoon(tile);
  }
}

function fillSoon(tile) {
  if (tile.firstChild || !contents.has(tile)) return;
  if (!due.size) requestAnimationFrame(fillDue);
  due.add(tile);
}

function fillDue() {
  [...due].slice(0, A_FRAME).forEach(fill);
  if (due.size) requestAnimationFrame(fillDue);
}

function fill(tile) {
  due.delete(tile);
  if (!tile.firstChild) tile.append(...contents.get(tile)());
}

function empty(tile) {
  due.delete(tile);
  // With the focus inside it stays; the next one is never far from that.
  if (!tile.contains(document.activeElement)) tile.replaceChildren();
}
