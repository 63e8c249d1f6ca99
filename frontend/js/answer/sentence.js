/** The sentence above the pictures, written by the page where the backend's is in another language. */
import { captionOf, captionsOf } from "../core/captions.js";
import { number, say } from "../core/i18n.js";

/** Markdown; what a person wrote is escaped. */
export function sentenceOf({ question, answer: { results, considered, gallery, weak } }) {
  const narrowed = considered < gallery; // unknown in answers of earlier days, which have none
  if (!results.length) return say(narrowed ? "answer.filtered" : "answer.none");
  const { text } = question;
  const values = { count: number(results.length), query: escaped(text), caption: escaped(captionOfQuery(question)) };
  const one = results.length === 1;
  const kind = weak ? (text ? "weak" : "alike") : kindOf(question);
  const found = one ? say(`answer-one.${kind}`, values) : say(`answer-many.${kind}`, values);
  const left = narrowed ? say("answer.narrowed", { considered: number(considered), gallery: number(gallery) }) : "";
  return `${found} ${left}`;
}

function kindOf({ text, pictures, like }) {
  const named = captionOfQuery({ pictures, like });
  if (!pictures.length && !like.length) return "text";
  return text ? (named ? "bothof" : "both") : named ? "of" : "image";
}

/** Of the one picture of the gallery that a query consists of; else "". */
function captionOfQuery({ pictures, like }) {
  const [only, more] = [...pictures, ...like];
  return only?.captions && captionsOf(only).length && !more ? captionOf(only).replace(/[ .]+$/, "") : "";
}

function escaped(text) {
  return text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]()#+\-.!|<>~&]/g, "\\$&");
}
