/** Which of a picture's captions to show: what people wrote comes first, then what machines did. */
import { language } from "./i18n.js";

// Marks that Vietnamese puts on its letters, once letters and marks are apart; and đ.
const VIETNAMESE = /[\u0300-\u0303\u0306\u0309\u031b\u0323đ]/i;

/** `{text, language, by, captioner}` of each, `by` being "person" or "machine": those in the language of the page, else all. */
export function sayingsOf(picture) {
  const all = [
    ...picture.captions.map((text) => ({ text, language: languageOf(text), by: "person" })),
    ...(picture.machine_captions ?? []).map((caption) => ({ ...caption, by: "machine" })),
  ];
  const own = all.filter((caption) => caption.language === language());
  return own.length ? own : all;
}

/** Their texts. */
export function captionsOf(picture) {
  return sayingsOf(picture).map(({ text }) => text);
}

/** The one to show where there is room for one: the first, or the file's name. */
export function captionOf(picture) {
  return captionsOf(picture)[0] ?? picture.path.split("/").pop();
}

/** "vi" or "en", by the letters. */
export function languageOf(text) {
  return VIETNAMESE.test(text.normalize("NFD")) ? "vi" : "en";
}
