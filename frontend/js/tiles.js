/** Tiles of a long list: those far from view keep their place and shape, and give their picture back. */
import { element } from "./dom.js";

const NEAR = "1500px";

/**
 * Tiles for `list`, a ul. `draw(index)` gives the nodes of one; `ratio(index)` its picture's width / height.
 * Returns `{add, fill, at, count, wait, cease}`.
 */
export function startTiles(list, draw, ratio) {
  const tiles = [];
  const places = new WeakMap();
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) (isIntersecting ? fill : empty)(target);
  }, { rootMargin: NEAR });

  function fill(tile) {
    if (!tile.classList.contains("far")) return;
    tile.classList.remove("far");
    tile.replaceChildren(...draw(places.get(tile)));
  }

  function empty(tile) {
    // With the focus inside it stays; the next one is never far from that.
    if (tile.classList.contains("far") || tile.contains(document.activeElement)) return;
    tile.classList.add("far");
    tile.replaceChildren(...emptyParts(ratio(places.get(tile))));
  }

  /** The next tile, in the place of one that waits if there is any. */
  function add() {
    const index = tiles.length;
    const tile = element("li", { class: "far", "data-ratio": ratio(index) });
    places.set(tile, index);
    tiles.push(tile);
    fill(tile);
    const waiting = list.querySelector(".waiting");
    if (waiting) waiting.replaceWith(tile);
    else list.append(tile);
    seen.observe(tile);
  }

  return {
    add,
    fill,
    at: (index) => tiles[index],
    count: () => tiles.length,
    /** Keep `count` places for pictures that are on their way. */
    wait: (count) => list.append(...Array.from({ length: count }, waitingTile)),
    /** No more are on their way. */
    cease: () => list.querySelectorAll(".waiting").forEach((tile) => tile.remove()),
  };
}

function waitingTile() {
  return element("li", { class: "waiting", "aria-hidden": "true" }, ...emptyParts(1));
}

function emptyParts(ratio) {
  const hit = element("div", { class: "hit" });
  hit.style.setProperty("aspect-ratio", String(ratio));
  return [hit, element("div", { class: "score" }, element("span", { class: "cosine" }, "\u00a0"))];
}
