/** Which of a picture's captions to show. */
import { language } from "./i18n.js";

// Marks that Vietnamese puts on its letters, once letters and marks are apart; and đ.
const VIETNAMESE = /[\u0300-\u0303\u0306\u0309\u031b\u0323đ]/i;

/** Those in the language of the page, if there are any; else all. */
export function captionsOf(picture) {
  const wanted = language() === "vi";
  const own = picture.captions.filter((caption) => VIETNAMESE.test(caption.normalize("NFD")) === wanted);
  return own.length ? own : picture.captions;
}

/** The one to show where there is room for one: the first, or the file's name. */
export function captionOf(picture) {
  return captionsOf(picture)[0] ?? picture.path.split("/").pop();
}
