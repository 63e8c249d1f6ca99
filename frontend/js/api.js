/** The only module that calls the backend. */

/** A failure in the backend's words: `code` for the page to translate, `detail` otherwise. */
export class Problem extends Error {
  constructor(code, detail, status = 0) {
    super(detail);
    this.code = code;
    this.status = status;
  }
}

/** Search by words, pictures or both. */
export async function search({ text, pictures, alpha, language, k }, signal) {
  const form = new FormData();
  form.set("query", text);
  form.set("alpha", String(alpha));
  form.set("language", language);
  form.set("k", String(k));
  for (const picture of pictures) form.append("file", picture.blob, picture.name);
  return json("/api/predict-image", { method: "POST", body: form, signal });
}

/** What is searched, and whether it is there. */
export function health() {
  return json("/health");
}

/** Queries that find something: `[{vi, en}]`. */
export async function examples() {
  return (await json("/api/examples")).examples;
}

/** Some pictures of the gallery. */
export async function sample(limit) {
  return json(`/api/gallery?limit=${limit}&sample=1`);
}

/** A picture's bytes. */
export async function pictureBlob(url) {
  const answer = await reach(url);
  if (!answer.ok) throw new Problem("picture-gone", "The picture cannot be loaded.", answer.status);
  return answer.blob();
}

/** Sentences of one language. */
export async function loadWords(language) {
  return (await reach(`/i18n/${language}.json`)).json();
}

async function json(url, options) {
  const answer = await reach(url, options);
  const content = await answer.json().catch(() => null);
  if (answer.ok && content) return content;
  throw new Problem(content?.code ?? "unknown", content?.detail ?? answer.statusText, answer.status);
}

async function reach(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("backend-down", error.message);
  }
}
