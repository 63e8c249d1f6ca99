/** A picture of a post, small. */
import { element } from "../core/dom.js";
import { send } from "../core/events.js";
import { language, say } from "../core/i18n.js";

/** With its caption, or with how far the AI service is with it. */
export function pictureTile(picture) {
  const caption = captionOfPost(picture);
  return element("button", {
    type: "button", class: "post-picture", "data-do": picture.id, "aria-label": caption?.text ?? picture.name,
    onclick: () => send("open-post-picture", picture),
  },
  element("img", { src: picture.thumbnail, alt: "", loading: "lazy", decoding: "async", width: picture.width, height: picture.height }),
  element("span", { class: "post-caption", lang: caption?.language }, caption ? caption.text : stateWords(picture)));
}

/** The caption to show: in the language of the page, else any. */
export function captionOfPost({ captions }) {
  return captions.find((caption) => caption.language === language()) ?? captions[0];
}

/** In words, how far it is; empty where nothing is to come. */
export function stateWords({ features }) {
  const open = [features.captions, features.embedding].find(({ state }) => !["done", "absent"].includes(state));
  return open ? say(`post-state.${open.state}`) : "";
}
