/** What can be done with a picture of the gallery, wherever it is shown. */
import { brief, question } from "../ask/question.js";
import { pictureBlob } from "../core/api.js";
import { send } from "../core/events.js";
import { problemWords } from "../core/problems.js";
import { toast } from "../core/toast.js";

/** Search for pictures like this one. */
export function moreLike(picture) {
  send("search", question({ like: [brief(picture)] }));
}

/** Put it into the box, for words to be added. */
export async function withWords(picture) {
  const blob = await original(picture);
  if (blob) send("attach", new File([blob], nameOf(picture), { type: blob.type }));
}

/** Choose a part of it and search for that. */
export async function cropAndSearch(picture) {
  const blob = await original(picture);
  if (!blob) return;
  const { openCrop } = await import("./crop.js");
  const part = await openCrop(blob);
  if (part) send("search", question({ pictures: [{ key: crypto.randomUUID(), name: nameOf(picture), blob: part }] }));
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
