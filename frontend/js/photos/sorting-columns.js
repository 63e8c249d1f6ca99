/** Columns of sorted pictures: they fill as pictures come; pictures are moved by dragging, by a button or by a number key. */
import { captionOf } from "../core/captions.js";
import { element } from "../core/dom.js";
import { number, say } from "../core/i18n.js";

const SHOWN = 60; // of a column, before a person wants more

/**
 * Columns into `place`. `names` are `[key, words]`; `moved()` is called when a person has moved some. Returns `add`,
 * which takes `[{picture, key, probability}]`, and `counts`.
 */
export function startColumns(place, names, moved) {
  const columns = new Map(); // key → {all, shown, list, count, here}
  const taken = new Set(); // entries that are about to be moved

  place.replaceChildren(...names.map(([key, words], index) => column(key, words, index)));
  place.addEventListener("keydown", (event) => {
    const target = names[Number(event.key) - 1];
    const tile = event.target.closest(".sort-tile");
    if (!target || !tile || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const next = tile.nextElementSibling ?? tile.previousElementSibling;
    move(taken.has(tile.entry) ? [...taken] : [tile.entry], target[0]);
    (next?.isConnected ? next : place.querySelector(".sort-tile"))?.focus();
  });

  function column(key, words, index) {
    const list = element("div", { class: "sort-list" });
    const count = element("span", { class: "muted" });
    const here = element("button", { type: "button", class: "quiet", hidden: true, onclick: () => move([...taken], key) });
    const more = element("button", { type: "button", class: "quiet", hidden: true, onclick: () => { columns.get(key).shown += 5 * SHOWN; draw(key); } });
    const made = element("section", { class: "sort-column", "aria-label": words },
      element("header", {}, element("h3", {}, words), count, index < 9 ? element("kbd", { "aria-hidden": "true" }, String(index + 1)) : null), here, list, more);
    if (key === "none" || key === "unsure") made.classList.add("apart");
    made.addEventListener("dragover", (event) => {
      if (!taken.size) return;
      event.preventDefault();
      made.classList.add("over");
    });
    made.addEventListener("dragleave", (event) => made.contains(event.relatedTarget) || made.classList.remove("over"));
    made.addEventListener("drop", (event) => {
      event.preventDefault();
      event.stopPropagation();
      made.classList.remove("over");
      move([...taken], key);
    });
    columns.set(key, { all: [], shown: SHOWN, list, count, here, more, words });
    return made;
  }

  function tile(entry) {
    const { picture, probability } = entry;
    const name = say("sort.tile", { caption: captionOf(picture), share: number(100 * probability) });
    const made = element("button", { type: "button", class: "sort-tile", draggable: "true", title: name, "aria-label": name, "aria-pressed": String(taken.has(entry)), onclick: () => take(entry, !taken.has(entry)) },
      element("img", { src: picture.thumbnail, alt: "", loading: "lazy", decoding: "async", draggable: "false" }),
      element("span", { "aria-hidden": "true" }, entry.byHand ? "✓" : `${number(100 * probability)} %`));
    made.addEventListener("dragstart", (event) => {
      if (!taken.has(entry)) {
        release();
        take(entry, true);
      }
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", picture.path);
    });
    made.entry = entry;
    Object.assign(entry, { tile: made, drawn: entry.byHand });
    return made;
  }

  function take(entry, chosen) {
    taken[chosen ? "add" : "delete"](entry);
    entry.tile?.setAttribute("aria-pressed", String(chosen));
    for (const { here, words } of columns.values()) {
      here.hidden = !taken.size;
      here.textContent = say("sort.here", { count: number(taken.size), label: words });
    }
  }

  function release() {
    for (const entry of [...taken]) take(entry, false);
  }

  function move(entries, key) {
    const touched = new Set([key]);
    for (const entry of entries) {
      if (entry.key === key) continue;
      const from = columns.get(entry.key);
      from.all.splice(from.all.indexOf(entry), 1);
      touched.add(entry.key);
      Object.assign(entry, { key, byHand: true });
      columns.get(key).all.unshift(entry);
    }
    release();
    touched.forEach(draw);
    moved();
  }

  /** Draw a column again; what is there already stays in the page. */
  function draw(key) {
    const { all, shown, list, count, more } = columns.get(key);
    list.replaceChildren(...all.slice(0, shown).map((entry) => (entry.tile && entry.drawn === entry.byHand ? entry.tile : tile(entry))));
    count.textContent = number(all.length);
    more.hidden = all.length <= shown;
    more.textContent = say("sort.more", { count: number(all.length - shown) });
  }

  return {
    add(entries) {
      const touched = new Set();
      for (const entry of entries) {
        columns.get(entry.key).all.push(entry);
        touched.add(entry.key);
      }
      touched.forEach(draw);
    },
    /** All entries, in the order of the columns. */
    entries: () => [...columns.values()].flatMap(({ all }) => all),
  };
}
