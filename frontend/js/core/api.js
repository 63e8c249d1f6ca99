/** The only module that calls the backend. */

import { eventsOf } from "./event-stream.js";

const SAME = "0.985"; // cosine from which on pictures count as nearly the same and are shown as one

/** A failure in the backend's words: `code` for the page to translate, `detail` otherwise; `near` may have been meant. */
export class Problem extends Error {
  constructor(code, detail, status = 0, near = [], file = "") {
    super(detail);
    this.code = code;
    this.status = status;
    this.near = near;
    this.file = file;
  }
}

/**
 * Yield `[kind, data]` of an answer as it comes: understood, hit (once a picture), answer, done.
 * `blobs` is a list of `[name, blob]`; `offset` hits are left out first. Throws a Problem where the answer breaks off.
 */
export async function* searching(question, blobs, { language, k, offset }, signal) {
  const form = searchForm(question, blobs, k, offset);
  const answer = await reach(`/api/search/stream?language=${language}`, { method: "POST", body: form, signal });
  if (!answer.ok) throw await problemOf(answer);
  let ended = false;
  try {
    for await (const [kind, data] of eventsOf(answer.body)) {
      if (kind === "problem") throw new Problem(data.code, data.detail, data.status, data.near);
      ended = kind === "done";
      yield [kind, data];
    }
  } catch (error) {
    if (error instanceof Problem || error.name === "AbortError") throw error;
    throw new Problem("upstream-broken", error.message);
  }
  if (!ended) throw new Problem("upstream-broken", "The answer ended too early.");
}

/** Yield `[kind, data]` while pictures are made from words: queued, progress, picture, done. Throws a Problem. */
export async function* generating(prompt, count, signal) {
  let ended = false;
  for await (const [kind, data] of streamed("/api/generate", { ...sent("POST", { prompt, count }), signal })) {
    if (kind === "problem") throw new Problem(data.code, data.detail, data.status);
    ended = kind === "done";
    yield [kind, data];
  }
  if (!ended) throw new Problem("upstream-broken", "The answer ended too early.");
}

/** What is searched, and whether it is there. */
export function health() {
  return json("/health");
}

/** Queries that find something: `[{vi, en}]`. */
export async function examples() {
  return (await json("/api/examples")).examples;
}

/** Some pictures spread over the gallery. */
export function sample(limit) {
  return json(`/api/gallery?limit=${limit}&sample=1`);
}

/**
 * Some pictures of the gallery, newest first: `{total, offset, images}`. `where` has `offset`, `limit`, `folder`, `tag`, or
 * `around`, the id of a picture that lies in the middle of the page.
 */
export function galleryPage(where) {
  const fields = new URLSearchParams({ order: "newest" });
  for (const [name, value] of Object.entries(where)) if (value != null && value !== "") fields.set(name, String(value));
  return json(`/api/gallery?${fields}`);
}

/** One picture of the gallery. */
export function pictureInfo(id) {
  return json(`/api/images/${encodeURIComponent(id)}/info`);
}

/** Folders of the gallery with the number of pictures in each: `[{path, count}]`. */
export async function folders() {
  return (await json("/api/folders")).folders;
}

/** Add files to the gallery as they are, at most five at once: `{added, known, total, place, skipped}`. */
export function addPictures(files, folder, signal) {
  const form = new FormData();
  if (folder) form.set("folder", folder);
  for (const file of files) form.append("file", file, file.name);
  return json("/api/images", { method: "POST", body: form, signal });
}

/** Take a picture out of the gallery. */
export function deletePicture(id) {
  return json(`/api/images/${encodeURIComponent(id)}`, { method: "DELETE" });
}

/** Bring a deleted picture back: `{image, total}`. */
export function restorePicture(id) {
  return json(`/api/images/${encodeURIComponent(id)}/restore`, { method: "POST" });
}

/** Look whether an API answers at a connection line: `{host, health}`. */
export function checkConnection(connection) {
  return json("/api/upstream/check", sent("POST", { connection }));
}

/** Use the API of a connection line from now on. */
export function connect(connection) {
  return json("/api/upstream", sent("PUT", { connection }));
}

/** Forget that API and go back to the one before. */
export function disconnect() {
  return json("/api/upstream", { method: "DELETE" });
}

/** A picture's bytes. */
export async function pictureBlob(url) {
  const answer = await reach(url);
  if (!answer.ok) throw new Problem("picture-gone", "The picture cannot be loaded.", answer.status);
  return answer.blob();
}

/** Why a picture does not come; null where it does. */
export async function pictureProblem(url) {
  try {
    const answer = await reach(url);
    return answer.ok ? null : await problemOf(answer);
  } catch (problem) {
    return problem;
  }
}

/** Sentences of one language. */
export async function loadWords(language) {
  return (await reach(`/i18n/${language}.json`)).json();
}

/** Options of a request with JSON. */
export function sent(method, content) {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(content) };
}

function searchForm({ text, corrected, alpha, pictures, like, unlike, without, asWritten, where = {} }, blobs, k, offset) {
  const form = new FormData();
  form.set("query", corrected ?? text);
  form.set("alpha", String(alpha));
  form.set("k", String(k));
  form.set("fold", SAME);
  if (offset) form.set("offset", String(offset));
  for (const { id } of pictures) if (id) form.append("picture", id);
  for (const { id } of like) form.append("like", id);
  for (const { id } of unlike) form.append("unlike", id);
  if (without.length) form.set("without", without.join(", "));
  if (asWritten) form.set("as_written", "true");
  for (const [field, value] of Object.entries(where)) form.set(field, value);
  for (const [name, blob] of blobs) form.append("file", blob, name);
  return form;
}

/** What an answer says. Throws a Problem. */
export async function json(url, options) {
  const answer = await reach(url, options);
  if (!answer.ok) throw await problemOf(answer);
  return answer.json().catch(() => { throw new Problem("upstream-broken", "The answer is not JSON."); });
}

/** Yield `[kind, data]` of server-sent events as they come. Throws a Problem where there is no answer. */
export async function* streamed(url, options) {
  const answer = await reach(url, options);
  if (!answer.ok) throw await problemOf(answer);
  yield* eventsOf(answer.body);
}

async function problemOf(answer) {
  const content = await answer.json().catch(() => null);
  return new Problem(content?.code ?? "unknown", content?.detail ?? answer.statusText, answer.status, content?.near, content?.file);
}

async function reach(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("backend-down", error.message);
  }
}
