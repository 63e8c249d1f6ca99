/** Questions and answers, one after the other; a newer question ends the older. */
import { continued } from "../ask/question.js";
import { byId, scrollTo } from "../core/dom.js";
import { send } from "../core/events.js";
import { current, look } from "../core/health.js";
import { onLanguage } from "../core/i18n.js";
import { problemWords } from "../core/problems.js";
import { toast } from "../core/toast.js";
import { keepPictures, keeper } from "../history/history.js";
import { KEPT_RESULTS } from "../history/store.js";
import { announceAnswer, answerView } from "./answer.js";
import { questionParts } from "./bubble.js";
import { leaveEnd, pageAt, pageUp } from "./paging.js";
import { placeOf, shell } from "./places.js";
import { extend, fill, nextCount } from "./search.js";
import { newAnswer, newTurn, onlyExcludes } from "../history/turn.js";

const AT_ONCE = 20; // turns drawn at a time; older ones when they are scrolled to
const AWAY = ["upstream-down", "backend-down", "not-ready", "restarting"]; // it may come back
const REPEATS = 2; // by itself, where it is back before anybody saw that it was gone
const PAUSE_MS = 2_000;
const views = new WeakMap();
const repeats = new WeakMap(); // turn → how often it was repeated by itself
let turns = [];
let drawnFrom = 0;
let running = null;

/** Draw older turns as they are scrolled to, and all again in another language. */
export function startConversation() {
  onLanguage(() => {
    turns.slice(drawnFrom).forEach(draw);
    followEnd();
  });
  pageUp(byId("older"), drawOlder);
}

/** Show other turns instead of these; none for a new conversation. */
export function showTurns(next) {
  running?.abort("gone");
  turns = next;
  drawnFrom = turns.length;
  byId("messages").replaceChildren();
  byId("welcome").hidden = turns.length > 0;
  if (!turns.length) send("welcome");
  drawOlder();
  if (turns.length) scrollTo(placeOf(turns.at(-1)).question, "start", false);
  followEnd();
}

/** The newest question, or undefined. */
export function lastQuestion() {
  return turns.at(-1)?.question;
}

/** The results among which this picture is, as `{pictures, index}`; of the turn, else of any that is shown. */
export function resultsWith(id, turnId) {
  const ofTurn = turns.filter((turn) => turn.id === turnId);
  for (const { answer } of [...ofTurn, ...turns.toReversed()]) {
    const index = answer?.results.findIndex((picture) => picture.id === id) ?? -1;
    if (index >= 0) return { pictures: answer.results, index };
  }
  return null;
}

/** Search again for what failed because nothing answered; called once it is there again. */
export function repeatFailed() {
  if (wasUnreachable(turns.at(-1))) again(turns.at(-1), {});
}

/** Bring a turn into view, if it is one of these; returns whether it is. It stays where it is where it is not to be moved. */
export function showTurn(id, moved = true) {
  const index = turns.findIndex((turn) => turn.id === id);
  if (index < 0) return false;
  while (index < drawnFrom) drawOlder();
  if (moved) scrollTo(placeOf(turns[index]).question, "start");
  return true;
}

/** Show a question, search, show the answer. Sends "turn" with the turn, `fresh` unless the address has it already. */
export async function search(question, { fresh = true } = {}) {
  byId("welcome").hidden = true;
  const turn = newTurn(question);
  turns.push(turn);
  byId("messages").append(...shell(turn));
  keepPictures(question.pictures);
  send("turn", { turn, fresh });
  await run(turn);
}

async function run(turn) {
  const [signal, keep] = [takeOver(), keeper()];
  turn.answer = newAnswer(turn.question.k);
  draw(turn);
  scrollTo(placeOf(turn).question, "start");
  await fill(turn.answer, turn.question, signal, (kind, data) => {
    if (kind === "understood" && data.excluded?.length) drawQuestion(turn);
    views.get(turn)[kind]?.(data);
  });
  if (signal.reason === "again") return; // the same turn runs again
  const before = turns[turns.indexOf(turn) - 1]?.question;
  if (before && !turn.question.continued && !turn.question.pictures.length && onlyExcludes(turn.answer)) {
    return again(turn, continued(before, turn.question)); // "-bus" is about the question before
  }
  views.get(turn).finish();
  followEnd();
  if (signal.reason !== "gone") announceAnswer(turn.answer);
  keep(turn);
  if (wasUnreachable(turn)) setTimeout(repeatSoon, PAUSE_MS, turn);
}

function wasUnreachable(turn) {
  return turn?.answer?.state === "failed" && AWAY.includes(turn.answer.problem.code);
}

async function repeatSoon(turn) {
  await look();
  if (current()?.status !== "ok" || turn !== turns.at(-1) || !wasUnreachable(turn) || repeats.get(turn) >= REPEATS) return;
  repeats.set(turn, (repeats.get(turn) ?? 0) + 1);
  again(turn, {});
}

/** Find more for the same question; where a person `pressed` for it, the focus goes to the first of it. */
async function more(turn, pressed = false) {
  const [signal, keep] = [takeOver(), keeper()];
  const { answer } = turn;
  const before = answer.results.length;
  const changes = before < KEPT_RESULTS || answer.text; // what is kept
  views.get(turn).waitForMore(nextCount(answer));
  const page = await extend(answer, turn.question, signal);
  const view = views.get(turn); // drawn again where the language changed meanwhile
  view.showMore();
  if (page.state === "failed") toast(problemWords(page.problem));
  if (page.state !== "done") return;
  if (pressed) view.focusOn(before);
  announceAnswer(answer, answer.results.length - before);
  if (changes) keep(turn);
  followEnd();
}

/** The newest answer goes on by scrolling; in older ones a person presses a button for more. */
function followEnd() {
  const turn = turns.at(-1);
  if (turn?.answer?.state !== "done" || turn.answer.ended || !turn.answer.results.length) return leaveEnd();
  return pageAt(placeOf(turn).question, views.get(turn).foot, () => more(turn));
}

/** Search again in the same place with something changed. */
function again(turn, changes) {
  if (turn.answer.state === "asking") running?.abort("again");
  turn.question = { ...turn.question, corrected: null, ...changes };
  send("turn", { turn, fresh: false });
  return run(turn);
}

function takeOver() {
  running?.abort("newer");
  running = new AbortController();
  leaveEnd();
  return running.signal;
}

function draw(turn) {
  const place = placeOf(turn);
  drawQuestion(turn);
  views.set(turn, answerView(place.answer, turn, {
    stop: () => running?.abort("asked"),
    again: (changes) => again(turn, changes),
    more: (pressed) => more(turn, pressed),
  }));
}

/** A focus within it stays within it. */
function drawQuestion(turn) {
  const place = placeOf(turn).question;
  const focused = place.contains(document.activeElement) && document.activeElement;
  place.replaceChildren(...questionParts(turn, (changes) => again(turn, changes)));
  if (focused) (focused.matches("input") && place.querySelector("input") || place.querySelector(".whole .off, .off, .edit")).focus();
}

function drawOlder() {
  const to = drawnFrom;
  drawnFrom = Math.max(0, to - AT_ONCE);
  const older = turns.slice(drawnFrom, to);
  byId("messages").prepend(...older.flatMap(shell));
  older.forEach(draw);
  byId("older").hidden = drawnFrom === 0;
}
