/** A machine says what is on the large picture, and for each word where it looked. */
import { pictureBlob } from "../core/api.js";
import { describe } from "../ask/describing.js";
import { announce, element, sign } from "../core/dom.js";
import { describing } from "../core/health.js";
import { language, say } from "../core/i18n.js";
import { problemWords } from "../core/problems.js";
import { shrunk } from "../core/shrink.js";
import { openCorrection } from "./correct.js";
import { translateButton } from "./translate.js";
import { hideWeights, showWeights } from "./weights.js";

/** The action of the panel. */
export const DESCRIBE = { name: "describe", sign: "describe", word: "describe", when: describing, act };

async function act(picture, { section }) {
  const place = section("describe");
  place.replaceChildren(element("p", { class: "muted", role: "status" }, say("describe.busy")));
  try {
    const { blob } = await shrunk(await pictureBlob(picture.url));
    const said = await describe(blob, language(), true);
    if (!place.isConnected) return; // another picture is in front by now
    show(place, picture, said);
  } catch (problem) {
    place.replaceChildren(element("p", { class: "danger", role: "alert" }, problemWords(problem)));
  }
}

function show(place, picture, { captions: [text], language: spoken, captioner, attention }) {
  const seen = attention?.[0];
  place.replaceChildren(...[
    element("p", { class: "described", lang: spoken }, ...seen?.words.length ? words(seen) : [text]),
    element("p", { class: "muted" }, say("caption.by-machine", { captioner })),
    translateButton(text, spoken),
    seen ? element("p", { class: "muted" }, say("describe.looked")) : null,
    element("button", { type: "button", class: "quiet", onclick: () => openCorrection(picture, text) }, sign("edit"), element("span", {}, say("describe.take"))),
  ].filter(Boolean));
  announce(text);
}

/** Each word lights the part of the picture that it came from, by pointer, touch or key. */
function words({ rows, columns, area, words: all }) {
  return all.flatMap(({ word, weights }, place) => {
    const light = () => showWeights({ rows, columns, area, weights });
    const made = element("button", {
      type: "button", class: "looked", onpointerenter: light, onfocus: light, onclick: light, onpointerleave: hideWeights, onblur: hideWeights,
    }, word);
    return place ? [" ", made] : [made];
  });
}
