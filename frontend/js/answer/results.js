/** One picture found: its shape, its score, and what can be done with it. */
import { captionOf } from "../core/captions.js";
import { element } from "../core/dom.js";
import { send } from "../core/events.js";
import { number, say } from "../core/i18n.js";
import { verdict } from "../picture/verdict.js";

/** What a tile for `results[index]` holds; a click enlarges it among the others. */
export function hitParts(results, index) {
  const result = results[index];
  const caption = captionOf(result);
  const score = number(result.score, 3);
  return [
    element("button", {
      type: "button", class: "hit", title: caption, "aria-label": say("result", { rank: number(index + 1), score, caption }),
      onclick: () => send("open-picture", { pictures: results, index }),
    }, element("img", { src: result.thumbnail, alt: "", width: result.width, height: result.height, decoding: "async" })),
    element("div", { class: "verdicts" }, verdict("like", result, caption), verdict("unlike", result, caption)),
    scoreLine(score, result.score / Math.max(results[0].score, 0.01)),
    result.doubles?.length ? doublesButton(result) : null,
  ].filter(Boolean);
}

/** Opens the pictures that are nearly the same, which the search has folded into this one. */
function doublesButton(result) {
  const count = number(result.doubles.length);
  const label = say("doubles", { count });
  const pictures = [result, ...result.doubles.map((id) => ({ ...result, ...addressesOf(id), path: "", captions: [] }))];
  return element("button", {
    type: "button", class: "doubles", title: label, "aria-label": `+${count} · ${label}`,
    onclick: () => send("open-picture", { pictures, index: 1 }),
  }, `+${count}`);
}

function addressesOf(id) {
  const url = `/api/images/${encodeURIComponent(id)}`;
  return { id, url, thumbnail: `${url}/thumbnail` };
}

function scoreLine(score, share) {
  const bar = element("span", { class: "bar-fill" });
  bar.style.setProperty("--share", Math.min(1, Math.max(0, share)));
  return element("div", { class: "score" },
    element("span", { class: "bar-track", "aria-hidden": "true" }, bar),
    element("span", { class: "cosine", title: say("cosine") }, score),
  );
}
