/** The bubble of a question: words, pictures, what steers it; all of it can be changed. */
import { balance } from "../ask/balance.js";
import { chips } from "../ask/chips.js";
import { showBlob } from "../core/blobs.js";
import { captionOf } from "../core/captions.js";
import { element, sign } from "../core/dom.js";
import { send } from "../core/events.js";
import { say } from "../core/i18n.js";

/** Nodes for a turn's question; `again(changes)` searches again in the same place. */
export function questionParts({ question, answer }, again) {
  const { text, pictures, alpha } = question;
  return [
    pictures.length ? element("div", { class: "sent" }, ...pictures.map(sentPicture)) : null,
    text ? element("p", {}, text) : null,
    chips({ ...question, excluded: answer?.understood?.excluded }, again),
    text && pictures.length ? balance(alpha, (value) => again({ alpha: value })) : null,
    element("button", {
      type: "button", class: "quiet icon edit", title: say("edit"), "aria-label": say("edit"), onclick: () => send("edit", question),
    }, sign("edit")),
  ].filter(Boolean);
}

function sentPicture(picture) {
  const image = element("img", { alt: picture.name ?? captionOf(picture) });
  showBlob(image, picture);
  return image;
}
