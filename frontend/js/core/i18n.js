/** Words of the page in Vietnamese and English. */
import { loadWords } from "./api.js";
import { remember, remembered } from "./settings.js";

export const LANGUAGES = ["vi", "en"];
const TURNING = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069]/; // right to left, or marks that say so
let words = {};
let current = "vi";
const listeners = [];
const formats = new Map(); // of numbers: one costs more to make than a whole tile

/** "vi" or "en". */
export function language() {
  return current;
}

/** The sentence for `key` with `{name}` places filled, and `{name:one|many}` by its number; undefined if there is none. */
export function say(key, values = {}) {
  return words[key]
    ?.replace(/\{(\w+):([^|}]*)\|([^}]*)\}/g, (_, name, one, many) => (String(values[name]) === "1" ? one : many))
    .replace(/\{(\w+)\}/g, (_, name) => apart(values[name] ?? ""));
}

/** A number as the language writes it. */
export function number(value, digits = 0) {
  const kind = `${tag()} ${digits}`;
  if (!formats.has(kind)) formats.set(kind, new Intl.NumberFormat(tag(), { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  return formats.get(kind).format(value);
}

/** A moment as the language writes it, short. */
export function dateTime(at) {
  return new Date(at).toLocaleString(tag(), { dateStyle: "medium", timeStyle: "short" });
}

/** A day such as "2026-01-31" as the language writes it, short. */
export function day(date) {
  return new Date(`${date}T00:00`).toLocaleDateString(tag(), { dateStyle: "medium" });
}

/** The month of a moment such as "2026-01-31T17:05:00". */
export function month(moment) {
  return new Date(moment).toLocaleDateString(tag(), { month: "long", year: "numeric" });
}

/** A number of bytes, in kB or MB. */
export function bytes(count) {
  return count < 1_000_000 ? `${number(Math.max(1, Math.round(count / 1_000)))} kB` : `${number(count / 1_000_000, 1)} MB`;
}

/** Call `listener` now and whenever the language changes. */
export function onLanguage(listener) {
  listeners.push(listener);
}

/** Load the language that was chosen, else the browser's. */
export function startLanguage() {
  const browser = navigator.language.toLowerCase().startsWith("vi") ? "vi" : "en";
  return setLanguage(remembered("language", LANGUAGES, browser));
}

/** Switch to the other language and remember it. */
export function nextLanguage() {
  return switchLanguage(LANGUAGES[(LANGUAGES.indexOf(current) + 1) % LANGUAGES.length]);
}

/** Switch and remember. */
export async function switchLanguage(next) {
  await setLanguage(next);
  remember("language", next);
}

async function setLanguage(next) {
  words = await loadWords(next);
  current = next;
  document.documentElement.lang = next;
  for (const node of document.querySelectorAll("[data-i18n]")) node.textContent = say(node.dataset.i18n);
  for (const node of document.querySelectorAll("[data-i18n-label]")) label(node, node.dataset.i18nLabel);
  for (const node of document.querySelectorAll("[data-i18n-title]")) {
    label(node, node.dataset.i18nTitle);
    node.title = say(node.dataset.i18nTitle);
  }
  for (const listener of listeners) listener();
}

/** A file's name may run from right to left; the sentence around it shall not. */
function apart(value) {
  return TURNING.test(value) ? `\u2068${value}\u2069` : value;
}

function tag() {
  return current === "vi" ? "vi-VN" : "en-GB";
}

function label(node, key) {
  node.setAttribute("aria-label", say(key));
}
