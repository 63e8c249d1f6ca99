/** What the backend says of one picture, and what a person says of it. */

import { json, sent } from "../core/api.js";

/** Where in a picture `words` are, or what one `word` of them adds: `{text, words, image}`. */
export function explainPicture(id, words, word, signal) {
  const { headers, ...rest } = sent("POST", word ? { words, word } : { words });
  return json(`/api/images/${encodeURIComponent(id)}/explain`, { ...rest, headers: { ...headers, Accept: "application/json" }, signal });
}

/** Put a person's captions in the place of those that were `seen`; returns the picture. */
export function correctCaptions(id, captions, seen) {
  return json(`/api/images/${encodeURIComponent(id)}/captions`, sent("PUT", { captions, seen }));
}

/** Forget a person's captions; returns the picture as it was before. */
export function takeBackCaptions(id) {
  return json(`/api/images/${encodeURIComponent(id)}/captions`, { method: "DELETE" });
}

/** A caption in another language: `{text, language, translator}`. */
export function translate(text, language) {
  return json("/api/ai/translate", { method: "POST", body: new URLSearchParams({ text, language }) });
}
