/** What steers and narrows a question as chips, and the slider between words and pictures. */
import { captionOf } from "../core/captions.js";
import { element, sign } from "../core/dom.js";
import { number, say } from "../core/i18n.js";
import { conditions, withoutField } from "./filter.js";

/** Small pictures and words with a cross each; `drop(changes)` gets what is left. */
export function chips({ like, unlike, without, excluded = [], asWritten, where }, drop) {
  const all = [
    ...like.map((picture) => pictureChip("like", picture, () => drop({ like: others(like, picture) }))),
    ...unlike.map((picture) => pictureChip("unlike", picture, () => drop({ unlike: others(unlike, picture) }))),
    ...without.map((words) => chip("without", say("without", { words }), null, () => drop({ without: others(without, words) }))),
    ...excluded.filter((words) => !without.includes(words)).map((words) => chip("without", say("without", { words }), null, () => drop({ asWritten: true }), say("without.back", { words }))),
    ...asWritten ? [chip("whole", say("as-written"), null, () => drop({ asWritten: false }), say("as-written.undo"))] : [],
    ...conditions(where).map(([field, words]) => chip("narrow", words, sign("filter"), () => drop({ where: withoutField(where, field) }))),
  ];
  return all.length ? element("ul", { class: "steering" }, ...all) : null;
}

/** The slider for how much words and pictures count; `done(value)` once it is let go. */
export function balance(alpha, done) {
  const words = element("span", {});
  const picture = element("span", {});
  const slider = element("input", { type: "range", min: 0, max: 1, step: 0.05, value: alpha, "aria-label": say("balance") });
  const show = () => {
    const share = Number(slider.value) * 100;
    words.textContent = say("balance.words", { share: number(share) });
    picture.textContent = say("balance.picture", { share: number(100 - share) });
    slider.setAttribute("aria-valuetext", say("weight", { share: number(share) }));
  };
  show();
  slider.addEventListener("input", show);
  slider.addEventListener("change", () => done(Number(slider.value)));
  return element("div", { class: "balance" }, picture, slider, words);
}

function pictureChip(kind, picture, remove) {
  const text = say(`${kind}.chip`);
  return chip(kind, text, element("img", { src: picture.thumbnail, alt: captionOf(picture), width: 28, height: 28 }), remove);
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
