/** One picture found: its shape, how near it is in words, and what can be done with it. */
import { captionOf } from "../core/captions.js";
import { closenessWords } from "../core/closeness.js";
import { element } from "../core/dom.js";
import { send } from "../core/events.js";
import { number, say } from "../core/i18n.js";
import { listSource, sourceByIds } from "../picture/source.js";
import { verdict } from "../picture/verdict.js";

/** What a tile for `results[index]`, found by `words`, holds; a click enlarges it among the others. */
export function hitParts(results, index, words) {
  const result = results[index];
  const caption = captionOf(result);
  const near = closenessWords(result.closeness);
  const name = say(near ? "result.near" : "result", { rank: number(index + 1), near, caption });
  return [
    element("button", {
      type: "button", class: "hit", title: caption, "aria-label": name,
      onclick: () => send("open-picture", { source: listSource(results, words), index }),
    }, element("img", { src: result.thumbnail, alt: caption, width: result.width, height: result.height, decoding: "async" })),
    element("div", { class: "verdicts" }, verdict("like", result, caption), verdict("unlike", result, caption)),
    near ? element("p", { class: `near ${result.closeness}`, "aria-hidden": "true" }, near) : null,
    result.doubles?.length ? doublesButton(result, words) : null,
  ].filter(Boolean);
}

/** Opens the pictures that are nearly the same, which the search has folded into this one. */
function doublesButton(result, words) {
  const count = number(result.doubles.length);
  const label = say("doubles", { count });
  return element("button", {
    type: "button", class: "doubles", title: label, "aria-label": `+${count} · ${label}`,
    onclick: async () => {
      const source = sourceByIds(result, result.doubles, words);
      await source.need(1);
      if (source.at(1)) send("open-picture", { source, index: 1 });
    },
  }, `+${count}`);
}
