/** A question: words, pictures, what steers it and what narrows it. */
import { resultCount } from "../core/settings.js";
import { chosenFilter } from "./filter.js";

export const ALPHA = 0.6;
export const MOST_PICTURES = 5; // that a search takes
export const MOST_STEERING = 5; // pictures of each kind that the API takes

/** A question with what was not given filled in. */
export function question(given) {
  return { text: "", pictures: [], alpha: ALPHA, k: resultCount(), like: [], unlike: [], without: [], asWritten: false, where: chosenFilter(), ...given };
}

/** Whether there is anything to search by. */
export function isQuestion({ text, pictures, like }) {
  return Boolean(text || pictures.length || like.length);
}

/** What steering needs to know of a picture of the gallery. */
export function brief({ id, path, captions, machine_captions = [], width, height, url, thumbnail }) {
  return { id, path, captions: captions.slice(0, 10), machine_captions, width, height, url, thumbnail };
}

/** `base` asked again with what a person has picked since. */
export function refined(base, { like = [], unlike = [], without = [], where }) {
  const liked = together(base.like.filter(({ id }) => !has(unlike, id)), like);
  const unliked = together(base.unlike.filter(({ id }) => !has(like, id)), unlike);
  return { ...base, where, like: liked, unlike: unliked, without: [...new Set([...base.without, ...without])] };
}

/** `base` asked again with the words of `own` after its own, and its pictures: "a red car" and then "at night". */
export function continued(base, own) {
  const after = (words) => `${words} ${own.text}`.trim();
  const pictures = [...base.pictures, ...own.pictures].slice(-MOST_PICTURES);
  return { ...refined(base, own), text: after(base.text), pictures, corrected: base.corrected ? after(base.corrected) : null, asWritten: false, continued: true };
}

function together(before, now) {
  const kept = before.filter(({ id }) => !has(now, id));
  return [...kept, ...now].slice(-MOST_STEERING);
}

function has(pictures, wanted) {
  return pictures.some(({ id }) => id === wanted);
}
