/** One search, from a question to an answer that fills as it comes. */
import { searching } from "./api.js";
import { blobOf } from "./blobs.js";
import { markTwins } from "./folding.js";
import { look } from "./health.js";
import { language } from "./i18n.js";

/**
 * Fill a new `answer` with what is found for `question`, and tell `seen(kind, data)` of each piece. Never
 * throws: `answer.state` ends as "done", "stopped" or "failed".
 */
export async function fill(answer, question, signal, seen) {
  answer.language = language();
  try {
    const pictures = await blobsOf(question.pictures);
    for await (const [kind, data] of searching(question, pictures, { language: answer.language, k: answer.asked }, signal)) {
      take(answer, kind, data);
      seen(kind, data);
    }
    await markTwins(answer.results);
    answer.state = "done";
  } catch (error) {
    if (signal.aborted) return void Object.assign(answer, { state: "stopped", newer: signal.reason === "newer" });
    look();
    Object.assign(answer, { state: "failed", problem: { code: error.code, status: error.status, detail: error.message } });
  }
}

function take(answer, kind, data) {
  if (kind === "understood") answer.understood = data;
  else if (kind === "hit") answer.results.push(data);
  else if (kind === "answer") answer.text = data.text;
  else if (kind === "done") Object.assign(answer, { weak: data.weak, took: data.took_ms });
}

async function blobsOf(pictures) {
  const found = await Promise.all(pictures.map(async ({ name, key, blob }) => [name, blob ?? await blobOf(key)]));
  return found.filter(([, blob]) => blob);
}
