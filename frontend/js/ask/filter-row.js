/** The fields that narrow a search: they open within the box, and count from the next search on. */
import { folders } from "../core/api.js";
import { byId, element, sign } from "../core/dom.js";
import { folderName } from "../core/folders.js";
import { describing } from "../core/health.js";
import { number, onLanguage, say } from "../core/i18n.js";
import { tags } from "../core/tags.js";
import { chosenFilter, onFilter, setFilter, SIDES } from "./filter.js";

const place = byId("filter-fields");
const opener = byId("more");
let known = [];
let given = []; // tags

/** Open it; the focus goes to its first field. */
export async function openFilter() {
  show(true);
  [known, given] = await Promise.all([folders, tags].map((get) => get().catch(() => []))); // an API of an earlier version tells none
  draw();
  place.querySelector("select, input").focus();
}

place.addEventListener("keydown", (event) => {
  if (event.key === "Escape") close();
});
onFilter(() => {
  for (const field of place.querySelectorAll("[data-field]")) {
    const value = chosenFilter()[field.dataset.field] ?? "";
    if (field.type === "checkbox") [field.checked, field.disabled] = [!value, !chosenFilter().words];
    else if (field !== document.activeElement) field.value = value; // what is being typed stays
  }
});
byId("composer").addEventListener("submit", () => {
  if (place.contains(document.activeElement)) opener.focus();
  show(false); // what is chosen stays in view, as chips
});
onLanguage(() => !place.hidden && draw());

function show(open) {
  place.hidden = !open;
  byId("drop").classList.toggle("narrowing", open);
}

function draw() {
  place.replaceChildren(...[
    known.length && choice("folder", "filter.anywhere", known.map(({ path, count }) => [path, `${folderName(path)} (${number(count)})`])),
    input("words", { type: "text", maxlength: 1000, placeholder: say("filter.words.example") }),
    describing() ? machineWords() : null,
    given.length && choice("tag", "filter.any-tag", given.map(({ tag, count }) => [tag, `${tag} (${number(count)})`])),
    input("after", { type: "date", max: "9999-12-31" }),
    input("before", { type: "date", max: "9999-12-31" }),
    choice("min_side", "filter.any-size", SIDES.map((side) => [side, say("filter.is.min_side", { value: number(Number(side)) })])),
    element("div", { class: "filter-ends" },
      element("button", { type: "button", class: "quiet", onclick: clear }, sign("trash"), say("filter.clear")),
      element("button", { type: "button", class: "quiet", onclick: close }, sign("close"), say("close"))),
  ].filter(Boolean));
}

function close() {
  show(false);
  opener.focus();
}

function clear() {
  for (const field of place.querySelectorAll("[data-field]")) field.value = "";
  setFilter({});
  byId("words").focus();
}

function input(field, attributes) {
  const made = element("input", { ...attributes, "data-field": field, value: chosenFilter()[field] ?? "" });
  return labelled(field, made);
}

/** Whether the words may stand in captions that machines wrote; usually they may. */
function machineWords() {
  const made = element("input", { type: "checkbox", "data-field": "machine_words", checked: !chosenFilter().machine_words, disabled: !chosenFilter().words });
  made.addEventListener("input", () => setFilter({ ...chosenFilter(), machine_words: made.checked ? "" : "false" }));
  return element("label", { class: "field-switch" }, made, element("span", {}, say("filter.machine_words")));
}

function choice(field, any, options) {
  const made = element("select", { "data-field": field }, element("option", { value: "" }, say(any)),
    ...options.map(([value, words]) => element("option", { value }, words)));
  made.value = chosenFilter()[field] ?? "";
  return labelled(field, made);
}

function labelled(field, control) {
  control.addEventListener("input", () => setFilter({ ...chosenFilter(), [field]: control.value }));
  return element("label", { class: "field" }, element("span", {}, say(`filter.${field}`)), control);
}
