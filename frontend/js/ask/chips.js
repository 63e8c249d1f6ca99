/** What steers and narrows a question in one row: thumbnails with + and −, and words with a cross each. */
import { captionOf } from "../core/captions.js";
import { element, sign } from "../core/dom.js";
import { say } from "../core/i18n.js";
import { conditions, withoutField } from "./filter.js";

/** Small pictures and words; `drop(changes)` gets what is left once one is taken away. */
export function chips({ like, unlike, without, excluded = [], asWritten, where }, drop) {
  const all = [
    ...like.map((picture) => thumb("like", picture, () => drop({ like: others(like, picture) }))),
    ...unlike.map((picture) => thumb("unlike", picture, () => drop({ unlike: others(unlike, picture) }))),
    ...without.map((words) => chip("without", say("without", { words }), null, () => drop({ without: others(without, words) }))),
    ...excluded.filter((words) => !without.includes(words)).map((words) => chip("without", say("without", { words }), null, () => drop({ asWritten: true }), say("without.back", { words }))),
    ...asWritten ? [chip("whole", say("as-written"), null, () => drop({ asWritten: false }), say("as-written.undo"))] : [],
    ...conditions(where).map(([field, words]) => chip("narrow", words, sign("filter"), () => drop({ where: withoutField(where, field) }))),
  ];
  return all.length ? element("ul", { class: "steering" }, ...all) : null;
}

/** A picture that steers, as one button that takes it away. */
function thumb(kind, picture, remove) {
  const name = say("verdict-of", { verdict: say(kind), caption: captionOf(picture) });
  const label = say("remove", { name });
  return element("li", { class: `pick ${kind}` },
    element("button", { type: "button", class: "off", title: name, "aria-label": label, onclick: remove },
      element("img", { src: picture.thumbnail, alt: "", width: 44, height: 44 }),
      element("span", { class: "pick-sign" }, sign(kind === "like" ? "plus" : "minus")),
      element("span", { class: "pick-off" }, sign("close"))));
}

function chip(kind, text, image, remove, hint = say("remove", { name: text })) {
  return element("li", { class: `steer ${kind}` },
    image,
    element("span", {}, text),
    element("button", { type: "button", class: "off", title: hint, "aria-label": hint, onclick: remove }, sign("close")),
  );
}

function others(list, one) {
  return list.filter((each) => each !== one);
}
