/** Why this picture? Where in it the words of the search are: a warm overlay, for all words or for one of them. */
import { explainPicture } from "./api.js";
import { announce, byId, element } from "../core/dom.js";
import { listenTo } from "../core/events.js";
import { current } from "../core/health.js";
import { number, say } from "../core/i18n.js";
import { problemWords } from "../core/problems.js";

const STRENGTH = 0.8;
let query = ""; // the words of the search
let shown = null; // {picture, panel, words, word, busy, problem}: what the overlay is of; null without one
let strength = STRENGTH;
let loading = null;

/** The action of the panel: there where pictures were found by words, with a model that has a grid. */
export const WHY = { name: "why", sign: "why", word: "why", when: canExplain, act: toggle };

/** The pictures that are now looked through were found by these words, or by none. */
export function foundBy(words) {
  query = words;
}

function canExplain() {
  return Boolean(query && current()?.explains);
}

/** Lay the overlay over the picture in front, or take it away. */
function toggle(picture, panel) {
  if (shown) return end();
  shown = { picture, panel, words: [], word: null };
  return load(null);
}

// The panel was drawn again: for another picture, or in another language.
listenTo("large-shown", (picture) => {
  if (!shown) return;
  if (picture.id === shown.picture.id && canExplain()) draw();
  else end();
});
listenTo("large-closed", end);

function end() {
  loading?.abort();
  overlays().forEach((each) => each.remove());
  shown?.panel.section("why").remove();
  shown = null;
  press();
}

async function load(word) {
  loading?.abort();
  const own = loading = new AbortController();
  const { picture } = shown;
  Object.assign(shown, { word, busy: true, problem: null });
  draw();
  try {
    const found = await explainPicture(picture.id, query, word, own.signal);
    if (own.signal.aborted) return;
    Object.assign(shown, { words: found.words, busy: false });
    lay(found.image);
    announce(say("why.shown", { words: word ?? found.text }));
  } catch (problem) {
    if (own.signal.aborted) return;
    Object.assign(shown, { busy: false, problem: problemWords(problem) });
  }
  draw();
}

function lay(image) {
  overlays().forEach((each) => each.remove());
  const made = element("img", { class: "heat", src: image, alt: "", draggable: "false" });
  made.style.opacity = String(strength);
  byId("large").querySelector(".swiper-slide-active .swiper-zoom-target")?.append(made);
}

function overlays() {
  return byId("large").querySelectorAll(".heat");
}

function press() {
  byId("large-why")?.setAttribute("aria-pressed", String(shown !== null));
}

function draw() {
  press();
  const { panel, words, word, busy, problem } = shown;
  const place = panel.section("why");
  place.classList.add("why");
  place.setAttribute("aria-busy", String(Boolean(busy)));
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.why : null;
  if (problem) return place.replaceChildren(element("p", { class: "muted", role: "status" }, problem));
  place.replaceChildren(...[
    element("p", { class: "muted" }, say(busy && !words.length ? "why.busy" : "why.about")),
    slider(),
    words.length > 1 ? element("div", { class: "why-words", role: "group", "aria-label": say("why.words") },
      chip(null, say("why.all"), word), ...words.map((each) => chip(each, each, word))) : null,
  ].filter(Boolean));
  if (focused) [...place.querySelectorAll("[data-why]")].find(({ dataset }) => dataset.why === focused)?.focus();
  return undefined;
}

function slider() {
  const made = element("input", { type: "range", min: 0, max: 1, step: 0.05, value: strength, "data-why": "strength", "aria-label": say("why.strength") });
  const tell = () => made.setAttribute("aria-valuetext", say("weight", { share: number(100 * strength) }));
  made.addEventListener("input", () => {
    strength = Number(made.value);
    overlays().forEach((each) => { each.style.opacity = made.value; });
    tell();
  });
  tell();
  return element("label", { class: "why-strength" }, element("span", {}, say("why.strength")), made);
}

function chip(word, text, chosen) {
  return element("button", {
    type: "button", class: "why-word", "aria-pressed": String(word === chosen), "data-why": `word ${word ?? ""}`, onclick: () => load(word),
  }, text);
}
