/** All conversations as one JSON file. */
import { blobOf } from "../core/blobs.js";
import { element } from "../core/dom.js";
import { listed, turnsOf } from "./store.js";

/** Offer the file, with the pictures of questions as data URLs. */
export async function exportHistory() {
  const conversations = [];
  for (const { id, name, at } of listed()) {
    conversations.push({ name, at: new Date(at).toISOString(), turns: await Promise.all(turnsOf(id).map(withPictures)) });
  }
  const text = JSON.stringify({ exported: new Date().toISOString(), conversations }, null, 2);
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  element("a", { href: url, download: "tim-anh.json" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

async function withPictures({ at, question, answer }) {
  const pictures = await Promise.all(question.pictures.map(async ({ id, path, key, name }) => (id ? { id, path } : { name, picture: await dataUrl(key) })));
  return { at: new Date(at).toISOString(), question: { ...question, pictures }, answer };
}

async function dataUrl(key) {
  const blob = await blobOf(key);
  if (!blob) return null;
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => resolve(null);
    reader.readAsDataURL(blob);
  });
}
