/** The + in the box: what can be added to a question. */
import { byId, element, hasKeyboard, sign } from "../core/dom.js";
import { send } from "../core/events.js";
import { creating } from "../core/health.js";
import { onLanguage, say } from "../core/i18n.js";

/** Rooms above add theirs; `when()` says whether it can be had here, `act()` does it. */
export const ITEMS = [
  { name: "attach", sign: "picture", word: "attach", act: () => byId("file").click() },
  { name: "camera", sign: "camera", word: "camera", when: () => !hasKeyboard(), act: () => byId("photo").click() },
  { name: "library", sign: "library", word: "from-library", act: () => send("open-library") },
  { name: "filter", sign: "filter", word: "filter", act: () => send("open-filter") },
  { name: "create", sign: "create", word: "create", when: creating, act: () => send("create") },
];
const opener = byId("more");
const menu = byId("more-menu");

/** Wire it: a second press, Esc or a press elsewhere closes it. */
export function startMenu() {
  opener.addEventListener("click", () => show(menu.hidden));
  menu.addEventListener("keydown", walk);
  document.addEventListener("pointerdown", ({ target }) => !menu.contains(target) && !opener.contains(target) && show(false));
  menu.addEventListener("focusout", ({ relatedTarget }) => relatedTarget && !menu.contains(relatedTarget) && show(false));
  onLanguage(() => !menu.hidden && show(true));
}

function show(open) {
  menu.hidden = !open;
  byId("search-view").inert = open; // a press there closes it, and does nothing else
  opener.setAttribute("aria-expanded", String(open));
  if (!open) return;
  menu.replaceChildren(...ITEMS.filter(({ when = () => true }) => when()).map(item));
  menu.firstChild.focus();
}

function item({ name, sign: drawn, word, act }) {
  return element("button", {
    type: "button", class: "item", id: name,
    onclick: () => {
      show(false);
      opener.focus();
      act();
    },
  }, sign(drawn), element("span", {}, say(word)));
}

function walk(event) {
  if (event.key === "Escape") {
    show(false);
    opener.focus();
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...menu.children];
  all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
}
