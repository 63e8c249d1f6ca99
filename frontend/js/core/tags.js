/** Labels of pictures and the tags that are kept of them, over HTTP. */
import { json, sent } from "./api.js";

/**
 * Pictures with the labels that fit them: `{labels, none, total, next, images}`. `wanted` has `labels` or `set`, `ids` or
 * `folder`, `offset` and `limit`.
 */
export function sortPictures(wanted, signal) {
  return json("/api/gallery/classify", { ...sent("POST", wanted), signal });
}

/** Tags that people gave pictures: `[{tag, count}]`. */
export async function tags() {
  return (await json("/api/tags")).tags;
}

/** Give pictures tags: `pictures` is id → those of `among` that it has from now on. */
export function saveTags(among, pictures) {
  return json("/api/tags", sent("POST", { among, pictures }));
}
