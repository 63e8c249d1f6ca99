/** One search, from a question to an answer that fills as it comes. */
import { Problem, searching } from "../core/api.js";
import { blobOf } from "../core/blobs.js";
import { current, look } from "../core/health.js";
import { language } from "../core/i18n.js";
import { MOST_RESULTS, newAnswer } from "../history/turn.js";

const PAGE = 30;

/** How many pictures the next page of an answer will bring, as far as is known before. */
export function nextCount({ results, considered }) {
  const all = considered ?? current()?.images ?? MOST_RESULTS;
  return Math.max(0, Math.min(PAGE, MOST_RESULTS - results.length, all - results.length));
}

/**
 * Fill a new `answer` with what is found for `question`, and tell `seen(kind, data)` of each piece. Never
 * throws: `answer.state` ends as "done", "stopped" or "failed".
 */
export async function fill(answer, question, signal, seen, offset = 0) {
  answer.language = language();
  answer.from = source();
  try {
    const pictures = await blobsOf(question.pictures);
    for await (const [kind, data] of searching(question, pictures, { language: answer.language, k: answer.asked, offset }, signal)) {
      take(answer, kind, data);
      seen(kind, data);
    }
    Object.assign(answer, { state: "done", ended: answer.results.length < answer.asked });
  } catch (error) {
    if (signal.aborted) return void Object.assign(answer, { state: "stopped", newer: signal.reason === "newer" });
    look();
    Object.assign(answer, { state: "failed", problem: { code: error.code, status: error.status, detail: error.message, near: error.near, folder: question.where?.folder } });
  }
}

/** Add the next page to an `answer` that is done. Returns how that page ended, as an answer of its own. */
export async function extend(answer, question, signal) {
  const page = newAnswer(Math.min(PAGE, MOST_RESULTS - answer.results.length));
  if (answer.from && answer.from !== source()) {
    answer.ended = true; // another gallery is searched by now
    return Object.assign(page, { state: "done" });
  }
  await fill(page, question, signal, () => {}, answer.results.length);
  if (page.state !== "done") return page;
  const known = new Set(answer.results.map(({ id }) => id)); // the gallery may have changed in between
  const fresh = page.results.filter(({ id }) => !known.has(id));
  answer.results.push(...fresh);
  answer.text = ""; // it names a number that is no longer so
  answer.ended = page.ended || !fresh.length || answer.results.length >= MOST_RESULTS;
  return page;
}

/** Which API answers, and by which model. */
function source() {
  const { upstream, model } = current() ?? {};
  return upstream?.url ? `${upstream.url} ${model}` : "";
}

function take(answer, kind, data) {
  if (kind === "understood") answer.understood = data;
  else if (kind === "hit") answer.results.push(data);
  else if (kind === "answer") answer.text = data.text;
  else if (kind === "done") Object.assign(answer, { weak: data.weak, considered: data.considered, gallery: data.gallery, took: data.took_ms });
}

async function blobsOf(pictures) {
  const own = pictures.filter(({ id }) => !id); // those of the gallery travel by their ids
  const found = await Promise.all(own.map(async ({ name, key, blob }) => [name, blob ?? await blobOf(key)]));
  // Without one of its pictures it would be another question.
  if (found.some(([, blob]) => !blob)) throw new Problem("picture-gone", "A picture of this question is no longer kept on this computer.");
  return found;
}
