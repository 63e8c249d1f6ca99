/** How long the words may be: what is beyond is left out at the end of a word, and that is said. */
import { byId } from "../core/dom.js";
import { number, onLanguage, say } from "../core/i18n.js";
import { toast } from "../core/toast.js";

const MOST_LETTERS = 1_000;
let cut = false;

/** Wire it to the box. */
export function startLength() {
  byId("words").addEventListener("input", shorten);
  onLanguage(tell);
}

/** `text`, which comes from elsewhere than the box, as it fits; where its end had to go, a note says so. */
export function fitted(text) {
  if (text.length > MOST_LETTERS) toast(cutWords());
  return fitting(text);
}

/** `text`, or its beginning up to the end of a word where it is too long. */
function fitting(text) {
  if (text.length <= MOST_LETTERS) return text;
  const start = text.slice(0, MOST_LETTERS + 1);
  const end = start.search(/\s\S*$/);
  return end > 0 ? start.slice(0, end) : whole(text.slice(0, MOST_LETTERS));
}

function shorten() {
  const words = byId("words");
  const before = words.value;
  const place = words.selectionStart;
  cut = before.length > MOST_LETTERS;
  if (cut) {
    words.value = fitting(before);
    words.setSelectionRange(place, place);
  }
  tell();
}

function tell() {
  byId("words-note").textContent = cut ? cutWords() : "";
}

function cutWords() {
  return say("words.cut", { most: number(MOST_LETTERS) });
}

/** Without half of a letter that takes two places, such as 😀. */
function whole(text) {
  return text.replace(/[\ud800-\udbff]$/, "");
}
