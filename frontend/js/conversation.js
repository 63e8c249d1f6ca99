/** Questions and answers, one after the other; a newer question ends the older. */
import { remainAt, showAddress } from "./address.js";
import { announceAnswer, answerView } from "./answer.js";
import { fill } from "./asking.js";
import { keepBlob } from "./blobs.js";
import { byId, element, scrollTo } from "./dom.js";
import { keeper } from "./history.js";
import { onLanguage } from "./i18n.js";
import { problemWords } from "./problems.js";
import { questionParts } from "./question.js";
import { toast } from "./toast.js";
import { newAnswer, newTurn } from "./turn.js";

const MOST = 100; // pictures that the API finds at once
const AT_ONCE = 20; // turns drawn at a time; older ones when they are scrolled to
const views = new WeakMap();
let turns = [];
let drawnFrom = 0;
let running = null;
let edit = () => {};

/** `rewrite(question)` puts one back into the box. */
export function startConversation(rewrite) {
  edit = rewrite;
  onLanguage(() => turns.slice(drawnFrom).forEach(draw));
  new IntersectionObserver((entries) => entries.at(-1).isIntersecting && drawOlder(), { rootMargin: "600px" })
    .observe(byId("older"));
}

/** Show other turns instead of these; none for a new conversation. */
export function showTurns(next) {
  running?.abort("gone");
  turns = next;
  drawnFrom = turns.length;
  byId("messages").replaceChildren();
  byId("welcome").hidden = turns.length > 0;
  drawOlder();
  if (turns.length) scrollTo(placeOf(turns.at(-1)).question, "start", false);
}

/** The question asked last, or undefined. */
export function lastQuestion() {
  return turns.at(-1)?.question;
}

/** Bring a turn into view, if it is one of these. */
export function showTurn(id) {
  const index = turns.findIndex((turn) => turn.id === id);
  if (index < 0) return false;
  while (index < drawnFrom) drawOlder();
  scrollTo(placeOf(turns[index]).question, "start");
  return true;
}

/** Show a question, search, show the answer; `address` false where the address has it already. */
export async function ask(asked, { address = true } = {}) {
  byId("welcome").hidden = true;
  const turn = newTurn(asked);
  turns.push(turn);
  byId("messages").append(...shell(turn));
  for (const { key, blob } of asked.pictures) if (blob) keepBlob(key, blob);
  (address ? showAddress : remainAt)(turn);
  await run(turn);
}

async function run(turn) {
  const signal = takeOver();
  const keep = keeper();
  turn.answer = newAnswer(turn.question.k);
  draw(turn);
  scrollTo(placeOf(turn).question, "start");
  await fill(turn.answer, turn.question, signal, (kind, data) => views.get(turn)[kind]?.(data));
  if (signal.reason === "again") return; // the same turn runs anew
  views.get(turn).finish();
  if (signal.reason !== "gone") announceAnswer(turn.answer);
  keep(turn);
}

/** Find more for the same question and add what is new. */
async function more(turn) {
  const signal = takeOver();
  const keep = keeper();
  const { answer } = turn;
  const found = newAnswer(Math.min(MOST, answer.asked * 2));
  await fill(found, turn.question, signal, () => {});
  if (found.state === "failed") toast(problemWords(found.problem));
  if (found.state !== "done") return views.get(turn).finish();
  answer.asked = found.asked;
  for (const result of found.results.slice(answer.results.length)) {
    answer.results.push(result);
    views.get(turn).hit(result);
  }
  views.get(turn).finish();
  return keep(turn);
}

/** Search again in the same place with something changed. */
function again(turn, changes) {
  if (turn.answer.state === "asking") running?.abort("again");
  turn.question = { ...turn.question, corrected: null, ...changes };
  remainAt(turn);
  return run(turn);
}

function takeOver() {
  running?.abort("newer");
  running = new AbortController();
  return running.signal;
}

function shell({ id }) {
  return [element("li", { class: "question", "data-turn": id }), element("li", { class: "answer", "data-turn": id })];
}

function placeOf({ id }) {
  const [question, answer] = byId("messages").querySelectorAll(`[data-turn="${id}"]`);
  return { question, answer };
}

function draw(turn) {
  const place = placeOf(turn);
  place.question.replaceChildren(...questionParts(turn, { edit, again: (changes) => again(turn, changes) }));
  views.set(turn, answerView(place.answer, turn, {
    most: MOST,
    stop: () => running?.abort("asked"),
    again: (changes) => again(turn, changes),
    more: () => more(turn),
  }));
}

function drawOlder() {
  const to = drawnFrom;
  drawnFrom = Math.max(0, to - AT_ONCE);
  const older = turns.slice(drawnFrom, to);
  byId("messages").prepend(...older.flatMap(shell));
  older.forEach(draw);
  byId("older").hidden = drawnFrom === 0;
}
