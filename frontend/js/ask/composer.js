/** The box at the bottom: words, pictures, how much each counts, and what steers the search. */
import { byId, hasKeyboard } from "../core/dom.js";
import { send } from "../core/events.js";
import { onLanguage, say } from "../core/i18n.js";
import { balance } from "./balance.js";
import { chips } from "./chips.js";
import { chosenFilter, onFilter, sameFilter, setFilter } from "./filter.js";
import { fitted, startLength } from "./length.js";
import { startMenu } from "./menu.js";
import { onPicks, setPicks, takePicks } from "./picks.js";
import { setPictures, startPictures, takePictures } from "./pictures.js";
import { ALPHA, isQuestion, continued, question, refined } from "./question.js";

let waiting = [];
let picks = { like: [], unlike: [] };
let alpha = ALPHA;
let continuing = false; // what is written is added to the question before
let last = () => undefined;

/** Wire the form; `lastQuestion()` gives the one before. */
export function startComposer(lastQuestion) {
  last = lastQuestion;
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  byId("words").addEventListener("keydown", (event) => {
    // While a Vietnamese input method is composing, Enter belongs to it.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      byId("composer").requestSubmit();
    }
  });
  startLength();
  startMenu();
  byId("words").addEventListener("input", refresh);
  byId("goes-on").addEventListener("click", () => {
    continuing = !continuing;
    refresh();
    byId("words").focus();
  });
  startPictures((pictures) => {
    waiting = pictures;
    refresh();
  });
  onPicks((next) => {
    picks = next;
    refresh();
  });
  onFilter(refresh);
  onLanguage(() => {
    byId("words").placeholder = say("placeholder");
    byId("balance").replaceChildren();
    refresh();
  });
}

/** Look again whether there is anything to search by: another conversation is open. */
export function refreshComposer() {
  continuing = false;
  refresh();
}

/** Put words into the box, for a person to change. */
export function write(text) {
  byId("words").value = fitted(text);
  refresh();
  byId("words").focus();
}

/** Put a whole question back into the box. */
export function rewrite(searched) {
  setPictures(searched.pictures);
  setPicks({ like: searched.like, unlike: searched.unlike });
  setFilter(searched.where ?? {});
  ({ alpha } = searched);
  byId("balance").replaceChildren();
  const excluded = searched.without.map((words) => ` -"${words}"`).join("");
  write(searched.text + excluded);
}

function submit() {
  const searched = written();
  if (!searched) {
    byId("words").focus();
    return;
  }
  takePictures();
  takePicks();
  byId("words").value = "";
  continuing = false;
  refresh();
  if (!hasKeyboard()) byId("words").blur(); // a phone's keyboard would cover the answer
  send("search", searched);
}

/** The question in the box; what only steers is about the question before. Null if there is none. */
function written() {
  const text = byId("words").value.trim();
  const own = question({ text, alpha, pictures: waiting, ...picks });
  const before = last();
  if (text || waiting.length) return continuing && before ? continued(before, own) : own;
  const steers = picks.like.length || picks.unlike.length || (before && !sameFilter(before.where));
  if (steers && before) return refined(before, own);
  return isQuestion(own) ? own : null;
}

function refresh() {
  const words = byId("words");
  words.style.height = "auto";
  words.style.height = `${words.scrollHeight}px`; // until its max-height
  const both = words.value.trim() && waiting.length;
  const place = byId("balance");
  if (!both) place.replaceChildren();
  else if (!place.firstChild) place.append(balance(alpha, (value) => { alpha = value; }));
  showChips();
  showContinuing(words.value.trim());
  byId("send").disabled = !written();
}

function showChips() {
  const drop = ({ where, ...changes }) => (where ? setFilter(where) : setPicks({ ...picks, ...changes }));
  const list = chips({ ...picks, without: [], where: chosenFilter() }, drop);
  byId("picks").replaceChildren(...[list].filter(Boolean));
}

/** Offer to add what is being written to the search before. */
function showContinuing(text) {
  const before = last()?.text;
  byId("goes-on").hidden = !before || !text;
  byId("goes-on").setAttribute("aria-pressed", String(continuing));
  byId("goes-on-words").textContent = before ? say("goes-on", { words: before }) : "";
}
