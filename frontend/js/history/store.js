/** Conversations in localStorage: bounded, the oldest out first; every failure is an answer. */
import { keptEntry, keptTurn } from "./kept.js";

const LIST = "conversations";
const MOST = 4_000_000; // characters; browsers give about five million
export const KEPT_RESULTS = 30; // of one answer; the rest is found again by scrolling
const BODY = (id) => `conversation:${id}`;

/** `[{id, name, at}]`, newest first. */
export function listed() {
  return read(LIST, keptEntry);
}

/** Turns of one conversation, oldest first. */
export function turnsOf(id) {
  return read(BODY(id), keptTurn);
}

/** Write one turn, new or changed. Returns "kept", "made-room" (older ones had to go) or "full". */
export function keepTurn({ id, name }, turn) {
  // Read again: another tab may have written in between.
  const turns = turnsOf(id);
  const place = turns.findIndex((other) => other.id === turn.id);
  turns.splice(place < 0 ? turns.length : place, place < 0 ? 0 : 1, lean(turn));
  const others = listed().filter((other) => other.id !== id);
  return keepConversation({ id, name, at: turn.at }, turns, others);
}

/** Write a whole conversation, for undo and rename. */
export function keepConversation(entry, turns, others = listed().filter(({ id }) => id !== entry.id)) {
  const list = [entry, ...others].sort((one, other) => other.at - one.at);
  const before = new Map([LIST, ...others.map(({ id }) => BODY(id))].map((name) => [name, stored(name)]));
  let outcome = "kept";
  for (let kept = turns; ;) {
    while (size(list, entry.id) + JSON.stringify(kept).length > MOST && makeRoom(list, entry.id)) outcome = "made-room";
    if (write(BODY(entry.id), kept) && write(LIST, list)) return outcome;
    outcome = "made-room";
    if (makeRoom(list, entry.id)) continue;
    if (kept.length < 2) {
      for (const [name, text] of before) put(name, text); // room was made in vain
      return "full";
    }
    kept = kept.slice(Math.ceil(kept.length / 10));
  }
}

/** Forget conversations; hands back what is needed to undo it. */
export function forget(ids) {
  const gone = listed().filter(({ id }) => ids.includes(id)).map((entry) => ({ entry, turns: turnsOf(entry.id) }));
  write(LIST, listed().filter(({ id }) => !ids.includes(id)));
  for (const id of ids) remove(BODY(id));
  return gone;
}

/** Keys of all question pictures that some conversation still shows. */
export function pictureKeys() {
  const turns = listed().flatMap(({ id }) => turnsOf(id));
  return new Set(turns.flatMap(({ question }) => question.pictures.map(({ key }) => key)).filter(Boolean));
}

function lean({ id, at, question, answer }) {
  const pictures = question.pictures.map(({ blob: _, ...picture }) => picture);
  const results = answer?.results.slice(0, KEPT_RESULTS);
  const ended = answer?.ended && results.length === answer.results.length;
  return { id, at, question: { ...question, pictures }, answer: answer && { ...answer, results, ended } };
}

function makeRoom(list, spared) {
  const oldest = list.findLastIndex(({ id }) => id !== spared);
  if (oldest < 0) return false;
  remove(BODY(list.splice(oldest, 1)[0].id));
  write(LIST, list);
  return true;
}

function size(list, without) {
  return list.reduce((sum, { id }) => sum + (id === without ? 0 : stored(BODY(id)).length), 0);
}

function stored(name) {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

/** What is kept under a name; entries that cannot be shown are left out, for others may write here too. */
function read(name, kept) {
  try {
    return JSON.parse(stored(name)).map(kept).filter(Boolean);
  } catch {
    return []; // never written, or damaged
  }
}

function write(name, value) {
  return put(name, JSON.stringify(value));
}

function put(name, text) {
  try {
    localStorage.setItem(name, text);
    return true;
  } catch {
    return false; // full or forbidden: the caller says so
  }
}

function remove(name) {
  try {
    localStorage.removeItem(name);
  } catch {
    // Forbidden: then nothing was written either.
  }
}
