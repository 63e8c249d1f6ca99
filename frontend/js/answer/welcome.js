/** What stands there before the first question: a greeting, examples, a sample of the gallery. */
import { question } from "../ask/question.js";
import { examples, sample } from "../core/api.js";
import { captionOf } from "../core/captions.js";
import { byId, element, sign } from "../core/dom.js";
import { listenTo, send } from "../core/events.js";
import { current, connectionProblem } from "../core/health.js";
import { language, onLanguage, say } from "../core/i18n.js";
import { findSimilar } from "../picture/actions.js";

const PICTURES = 12;
const NOTHING = { examples: [], images: [] };
let found = NOTHING;

/** Draw it, now and whenever the language or the gallery changes. */
export function startWelcome() {
  onLanguage(show);
  listenTo("other-gallery", () => {
    found = NOTHING;
    fillWelcome(true);
  });
}

/** Draw it again: it is seen. What was not fetched yet is. */
export function showWelcome() {
  show();
  fillWelcome(current()?.status === "ok");
}

/** Fetch examples and sample when the API is there; what cannot be had is left out. */
export async function fillWelcome(ok) {
  if (ok && !byId("welcome").hidden && !found.images.length) {
    const [queries, gallery] = await Promise.allSettled([examples(), sample(PICTURES)]);
    found = { examples: queries.value ?? [], images: gallery.value?.images ?? [] };
  }
  show();
}

function show() {
  if (byId("welcome").hidden) return;
  byId("welcome").replaceChildren(...[
    element("h2", { id: "welcome-title" }, say("welcome.title")),
    element("p", { class: "lead" }, say("welcome.text")),
    connectionProblem() && element("p", { class: "notice" }, sign("alert"), element("span", {}, connectionProblem())),
    current()?.notice && element("p", { class: "notice" }, sign("alert"), element("span", {}, say(`notice.${current().notice.code}`) ?? current().notice.detail)),
    found.examples.length && element("ul", { class: "chips" }, ...found.examples.map(chip)),
    found.images.length && element("h3", {}, say("welcome.sample")),
    found.images.length && element("ul", { class: "sample" }, ...found.images.map(tile)),
  ].filter(Boolean));
}

function chip(example) {
  const text = example[language()];
  return element("li", {}, element("button", { type: "button", class: "chip", onclick: () => send("search", question({ text })) }, text));
}

function tile(image) {
  return element("li", {}, element("button", {
    type: "button", class: "hit", title: captionOf(image),
    "aria-label": say("search-like", { caption: captionOf(image) }),
    onclick: () => findSimilar(image),
  }, element("img", { src: image.thumbnail, alt: captionOf(image), width: image.width, height: image.height })));
}
