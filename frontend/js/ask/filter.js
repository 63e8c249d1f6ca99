/** What narrows a search: a folder, words of the captions, days, size. */
import { folderName } from "../core/folders.js";
import { day, number, say } from "../core/i18n.js";

const LONGEST = 1_000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const KEPT = {
  folder: (text) => text.normalize("NFC").slice(0, LONGEST), // as the API lists them
  words: (text) => text.slice(0, LONGEST),
  machine_words: (text) => (text === "false" ? text : ""),
  tag: (text) => text.slice(0, LONGEST),
  after: (text) => (isDay(text) ? text : ""),
  before: (text) => (isDay(text) ? text : ""),
  min_side: (text) => (/^\d{1,5}$/.test(text) ? text : ""),
};
const WRITTEN = { after: day, before: day, min_side: (side) => number(Number(side)) };
let chosen = {};
const listeners = [];

/** The shorter side in pixels, at least. */
export const SIDES = ["256", "512", "1024", "2048"];

/** Call `listener()` whenever the filter for the next search changes. */
export function onFilter(listener) {
  listeners.push(listener);
}

/** The filter for the next search: `{folder, words, machine_words, tag, after, before, min_side}`, each only where it was set. */
export function chosenFilter() {
  return chosen;
}

/** Choose another. */
export function setFilter(next) {
  chosen = filterFrom((field) => next[field]);
  for (const listener of listeners) listener();
}

/** Whether this is the filter that is chosen. */
export function sameFilter(where = {}) {
  return Object.keys(KEPT).every((field) => (where[field] ?? "") === (chosen[field] ?? ""));
}

/** A filter of what `get(field)` gives, without what is none. */
export function filterFrom(get) {
  const fields = Object.entries(KEPT).map(([field, kept]) => [field, kept(String(get(field) ?? "").trim())]);
  const known = Object.fromEntries(fields.filter(([, value]) => value));
  if (!known.words) delete known.machine_words; // it says where these words may stand
  return known;
}

/** `[field, words]` for each condition; kept questions of earlier days have none. */
export function conditions(where = {}) {
  return Object.entries(where).map(([field, value]) => [field, say(`filter.is.${field}`, { value: WRITTEN[field]?.(value) ?? (field === "folder" ? folderName(value) : value) })]);
}

/** `where` without one condition. */
export function withoutField(where, field) {
  return Object.fromEntries(Object.entries(where).filter(([each]) => each !== field));
}

function isDay(text) {
  return DAY.test(text) && !Number.isNaN(Date.parse(text));
}
