/** What can be done with a picture of the gallery, wherever it is shown. */
import { pictureBlob } from "./api.js";
import { problemWords } from "./problems.js";
import { toast } from "./toast.js";
import { brief, question } from "./turn.js";

let ask = () => {};
let attach = () => {};

/** `ask(question)` searches; `attach(blob, name)` puts a picture into the box. */
export function startActions(actions) {
  ({ ask, attach } = actions);
}

/** Large, among `pictures`. The lightbox is fetched when it is first wanted. */
export async function openLarge(pictures, index) {
  const { openLightbox } = await import("./lightbox.js");
  openLightbox(pictures, index);
}

/** Pictures like this one. */
export function moreLike(picture) {
  return ask(question({ like: [brief(picture)] }));
}

/** Into the box, to be told more about in words. */
export async function withWords(picture) {
  const blob = await original(picture);
  if (blob) await attach(blob, nameOf(picture));
}

/** Choose a part of it and search for that. */
export async function cropAndSearch(picture) {
  const blob = await original(picture);
  if (!blob) return;
  const { openCrop } = await import("./crop.js");
  const part = await openCrop(blob);
  if (part) ask(question({ pictures: [{ key: crypto.randomUUID(), name: nameOf(picture), blob: part }] }));
}

/** The file's name without its folders. */
export function nameOf({ path }) {
  return path.split("/").pop();
}

async function original(picture) {
  try {
    return await pictureBlob(picture.url);
  } catch (problem) {
    toast(problemWords(problem));
    return null;
  }
}
