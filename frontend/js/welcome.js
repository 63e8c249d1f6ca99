/** What stands there before the first question: a greeting, examples, a sample of the gallery. */
import { examples, sample } from "./api.js";
import { byId, element } from "./dom.js";
import { language, onLanguage, say } from "./i18n.js";
import { captionOf } from "./results.js";

const PICTURES = 12;
let found = { examples: [], images: [] };
let act = { ask: () => {}, like: () => {} };

/** `ask(text)` for an example, `like(picture)` for a picture of the sample. */
export function startWelcome(actions) {
  act = actions;
  onLanguage(show);
}

/** Fetch examples and sample; what cannot be had is left out. */
export async function fillWelcome() {
  const [queries, gallery] = await Promise.allSettled([examples(), sample(PICTURES)]);
  found = { examples: queries.value ?? [], images: gallery.value?.images ?? [] };
  show();
}

function show() {
  byId("welcome").replaceChildren(
    element("h2", { id: "welcome-title" }, say("welcome.title")),
    element("p", { class: "lead" }, say("welcome.text")),
    element("ul", { class: "chips" }, ...found.examples.map((example) => element("li", {},
      element("button", { type: "button", class: "chip", onclick: () => act.ask(example[language()]) }, example[language()])))),
    ...(found.images.length ? [element("h3", {}, say("welcome.sample"))] : []),
    element("ul", { class: "sample" }, ...found.images.map((image) => element("li", {},
      element("button", {
        type: "button", class: "hit", "aria-label": say("search-like", { caption: captionOf(image) }),
        onclick: () => act.like(image),
      }, element("img", { src: image.thumbnail, alt: "", width: image.width, height: image.height }))))),
  );
}
