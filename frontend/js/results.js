/** One picture found: its shape, its score, and what can be done with it. */
import { captionOf } from "./captions.js";
import { element, sign } from "./dom.js";
import { number, say } from "./i18n.js";
import { toggle, verdictOn } from "./picks.js";
import { openLarge } from "./picture-actions.js";

const SOON_MS = 150;

/** What a tile for `results[index]` holds; a click enlarges it among the others. */
export function hitParts(results, index) {
  const result = results[index];
  const caption = captionOf(result);
  const score = number(result.score, 3);
  return [
    element("button", {
      type: "button", class: "hit", title: caption, "aria-label": say("result", { rank: number(index + 1), score, caption }),
      onclick: () => openLarge(results, index),
    }, picture(result)),
    element("div", { class: "verdicts" }, verdict("like", result, caption), verdict("unlike", result, caption)),
    scoreLine(score, result.score / Math.max(results[0].score, 0.01)),
  ];
}

/** Its thumbnail, and a blurred preview where that keeps one waiting. */
function picture({ thumbnail, preview, width, height }) {
  const image = element("img", { src: thumbnail, alt: "", width, height, decoding: "async" });
  if (preview) setTimeout(() => image.complete || showPreview(image, preview), SOON_MS);
  return image;
}

function showPreview(image, preview) {
  image.style.setProperty("background-image", `url("${preview}")`);
  image.addEventListener("load", () => image.style.removeProperty("background-image"), { once: true });
}

function scoreLine(score, share) {
  const bar = element("span", { class: "bar-fill" });
  bar.style.setProperty("--share", Math.min(1, Math.max(0, share)));
  return element("div", { class: "score" },
    element("span", { class: "bar-track", "aria-hidden": "true" }, bar),
    element("span", { class: "cosine", title: say("cosine") }, score),
  );
}

/** A button that picks a picture for the next search, or takes the pick back. */
export function verdict(kind, result, caption = captionOf(result)) {
  return element("button", {
    type: "button", class: "verdict", title: say(kind), "aria-pressed": String(verdictOn(result) === kind),
    "data-verdict": kind, "data-id": result.id,
    "aria-label": say("verdict-of", { verdict: say(kind), caption }),
    onclick: () => toggle(kind, result),
  }, sign(kind));
}
