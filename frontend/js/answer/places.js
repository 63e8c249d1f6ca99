/** Where a turn's question and answer stand in the list. */
import { byId, element } from "../core/dom.js";

/** Two empty places, to be appended. */
export function shell({ id }) {
  return [element("li", { class: "question", "data-turn": id }), element("li", { class: "answer", "data-turn": id })];
}

/** `{question, answer}` of a turn that is drawn. */
export function placeOf({ id }) {
  const [question, answer] = byId("messages").querySelectorAll(`[data-turn="${id}"]`);
  return { question, answer };
}
