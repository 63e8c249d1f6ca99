/** The sentence above the pictures, told by the page where the backend's is in another language. */
import { number, say } from "../core/i18n.js";

/** Markdown; what a person wrote is escaped. */
export function sentenceOf({ question, answer: { results, considered, gallery } }) {
  const narrowed = considered < gallery; // unknown in answers of earlier days, which have none
  if (!results.length) return say(narrowed ? "answer.filtered" : "answer.none");
  const { text, pictures, like } = question;
  const shown = pictures.length || like.length;
  const kind = text && shown ? "both" : text ? "text" : "image";
  const found = say(`answer.${kind}`, { count: number(results.length), query: escaped(text) });
  const best = say("answer.best", { score: number(results[0].score, 2) });
  const left = narrowed ? say("answer.narrowed", { considered: number(considered), gallery: number(gallery) }) : "";
  return `${found} ${best} ${left}`;
}

function escaped(text) {
  return text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]()#+\-.!|<>~&]/g, "\\$&");
}
