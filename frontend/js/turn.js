/** A question and its answer: what is kept, searched, shown again and put into the address. */
import { chosenFilter } from "./filter.js";
import { resultCount } from "./settings.js";

export const ALPHA = 0.6;
export const MOST_RESULTS = 1_000; // of one answer; beyond that other words find better
export const MOST_STEERING = 5; // pictures of each kind that the API takes

/** A question with what was not given filled in. */
export function question(given) {
  return { text: "", pictures: [], alpha: ALPHA, k: resultCount(), like: [], unlike: [], without: [], where: chosenFilter(), ...given };
}

/** A turn that has no answer yet. */
export function newTurn(asked) {
  return { id: crypto.randomUUID(), at: Date.now(), question: asked, answer: null };
}

/** An answer to `asked` pictures of which nothing has come yet. */
export function newAnswer(asked) {
  return { state: "asking", asked, understood: null, results: [], ended: false, text: "", language: "", weak: null, considered: null, gallery: null, took: null, problem: null };
}

/** Whether there is anything to search by. */
export function asksSomething({ text, pictures, like }) {
  return Boolean(text || pictures.length || like.length);
}

/** What steering needs to know of a picture of the gallery. */
export function brief({ id, path, captions, width, height, url, thumbnail }) {
  return { id, path, captions: captions.slice(0, 10), width, height, url, thumbnail };
}

/** `base` asked again with what a person has picked since. */
export function refined(base, { like = [], unlike = [], without = [], where }) {
  const liked = together(base.like.filter(({ id }) => !has(unlike, id)), like);
  const unliked = together(base.unlike.filter(({ id }) => !has(like, id)), unlike);
  return { ...base, where, like: liked, unlike: unliked, without: [...new Set([...base.without, ...without])] };
}

function together(before, now) {
  const kept = before.filter(({ id }) => !has(now, id));
  return [...kept, ...now].slice(-MOST_STEERING);
}

function has(pictures, wanted) {
  return pictures.some(({ id }) => id === wanted);
}
