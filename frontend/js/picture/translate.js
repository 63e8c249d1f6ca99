/** A caption that is there only in the other language is translated when a person wants it. */
import { translate } from "./api.js";
import { announce, element, sign } from "../core/dom.js";
import { language, say } from "../core/i18n.js";
import { problemWords } from "../core/problems.js";

/** A button that puts the translation of `text` in its own place; null where it is in the language of the page. */
export function translateButton(text, spoken) {
  if (spoken === language()) return null;
  const place = element("div", { class: "translated" });
  const made = element("button", { type: "button", class: "quiet", onclick: act }, sign("words"), element("span", {}, say("caption.translate")));
  place.append(made);
  return place;

  async function act() {
    made.disabled = true;
    const wanted = language();
    try {
      const { text: translated } = await translate(text, wanted);
      place.replaceChildren(element("p", { lang: wanted }, translated), element("p", { class: "muted" }, say("caption.by-translator")));
      announce(translated);
    } catch (problem) {
      made.disabled = false;
      place.replaceChildren(made, element("p", { class: "danger", role: "alert" }, problemWords(problem)));
    }
  }
}
