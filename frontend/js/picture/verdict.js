/** The two buttons that say of a picture: more like this, less like this. */
import { toggle, verdictOn } from "../ask/picks.js";
import { captionOf } from "../core/captions.js";
import { element, sign } from "../core/dom.js";
import { say } from "../core/i18n.js";

/** A button that picks a picture for the next search, or takes the pick back; `spelled` with its words. */
export function verdict(kind, result, caption = captionOf(result), spelled = false) {
  return element("button", {
    type: "button", class: "verdict", title: say(kind), "aria-pressed": String(verdictOn(result) === kind),
    "data-verdict": kind, "data-id": result.id,
    "aria-label": say("verdict-of", { verdict: say(kind), caption }),
    onclick: () => toggle(kind, result),
  }, sign(kind), spelled ? element("span", {}, say(kind)) : null);
}
