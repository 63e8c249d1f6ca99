/** Pictures liked and less liked: they steer the next search, and are shown as chips until then. */
import { brief, MOST_STEERING } from "./question.js";

let picks = { like: [], unlike: [] };
const listeners = [];

/** Call `listener(picks)` whenever they change. */
export function onPicks(listener) {
  listeners.push(listener);
}

/** "like", "unlike", or undefined. */
export function verdictOn({ id }) {
  return ["like", "unlike"].find((kind) => picks[kind].some((picture) => picture.id === id));
}

/** Pick a picture, or take the same pick back; the oldest pick goes beyond five. */
export function toggle(kind, picture) {
  const before = verdictOn(picture);
  const rest = without(picture);
  const added = [...rest[kind], brief(picture)].slice(-MOST_STEERING);
  setPicks(before === kind ? rest : { ...rest, [kind]: added });
}

/** Replace all. */
export function setPicks(next) {
  picks = { like: [], unlike: [], ...next };
  for (const button of document.querySelectorAll("[data-verdict]")) {
    button.setAttribute("aria-pressed", String(verdictOn(button.dataset) === button.dataset.verdict));
  }
  for (const listener of listeners) listener(picks);
}

/** Hand over what was picked and start empty. */
export function takePicks() {
  const taken = picks;
  setPicks({});
  return taken;
}

function without({ id }) {
  const others = (list) => list.filter((picture) => picture.id !== id);
  return { like: others(picks.like), unlike: others(picks.unlike) };
}
