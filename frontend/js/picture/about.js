/** The panel beside a large picture: what is known of it, and what can be done with it. */
import { captionsOf } from "../core/captions.js";
import { byId, element, sign } from "../core/dom.js";
import { closenessWords } from "../core/closeness.js";
import { folderName } from "../core/folders.js";
import { bytes, dateTime, number, say } from "../core/i18n.js";
import { ACTIONS, folderOf, nameOf } from "./actions.js";
import { sourceLine } from "./correct.js";
import { verdict } from "./verdict.js";
import { hideWeights } from "./weights.js";

/** Show it for this picture. */
export function showAbout(picture) {
  const captions = captionsOf(picture);
  byId("large-caption").textContent = captions[0] ?? nameOf(picture);
  byId("large-source").replaceChildren(sourceLine(picture));
  byId("large-sections").replaceChildren();
  hideWeights();
  byId("large-actions").replaceChildren(
    ...ACTIONS.filter(({ when = () => true }) => when(picture)).map((action) => button(action, picture)),
    element("div", { class: "large-verdicts" }, ...["like", "unlike"].map((kind) => verdict(kind, picture, captions[0] ?? nameOf(picture), true))),
  );
  byId("large-facts").replaceChildren(...[
    more(captions.slice(1)),
    element("dl", { class: "facts" }, ...facts(picture, captions.length > 0)),
    numbers(picture),
  ].filter(Boolean));
}

function button({ name, sign: drawn, word, act }, picture) {
  return element("button", {
    type: "button", class: "action", id: `large-${name}`, onclick: () => act(picture, { section }),
  }, sign(drawn), element("span", {}, say(word)));
}

/** A place in the panel, by name; empty at first. */
function section(name) {
  const known = byId("large-sections").querySelector(`[data-section="${name}"]`);
  if (known) return known;
  const made = element("section", { "data-section": name });
  byId("large-sections").append(made);
  return made;
}

function more(captions) {
  return captions.length ? element("details", { class: "also" }, element("summary", {}, say("captions")),
    element("ul", { id: "large-more" }, ...captions.map((caption) => element("li", {}, caption)))) : null;
}

function facts(picture, captioned) {
  const { width, height, taken, dated, bytes: size } = picture;
  const folder = folderOf(picture);
  const measured = [width > 1 && `${number(width)} × ${number(height)}`, size && bytes(size)].filter(Boolean).join(" · ");
  return [
    ...fact("picture.near", closenessWords(picture.closeness)),
    ...fact(dated === false ? "picture.changed" : "picture.taken", taken && dateTime(taken)),
    ...fact("picture.size", measured),
    ...fact("filter.folder", folder && folderName(folder)),
    ...fact("filter.tag", (picture.tags ?? []).join(", ")),
    ...fact("picture.name", captioned && picture.path && element("span", { id: "large-path" }, nameOf(picture))),
    ...fact("picture.source", source(picture)),
  ];
}

function source({ caption_source: by }) {
  return by ? say(`caption-by.${by}`) ?? by : "";
}

function fact(key, value) {
  return value ? [element("dt", {}, say(key)), element("dd", {}, value)] : [];
}

function numbers({ score }) {
  return score == null ? null : element("details", { class: "also" }, element("summary", {}, say("details")),
    element("p", { class: "muted" }, say("picture.score", { score: number(score, 3) })));
}
