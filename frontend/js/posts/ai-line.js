/** One line about the AI service: whether it is there, and how far it is. */
import { element, sign } from "../core/dom.js";
import { dateTime, number, say } from "../core/i18n.js";
import { problemWords } from "../core/problems.js";
import { retryFeatures } from "./api.js";

/** Nodes that say it; nothing while all is done. `again()` is called once failed ones are tried again. */
export function aiLine({ ai, tasks }, again) {
  const waiting = Math.max(...Object.values(tasks).map((task) => task.waiting + task.running));
  // A picture that cannot be read fails in each task; the list ends after some.
  const failed = [...new Map(Object.values(tasks).flatMap((task) => task.failures).map((each) => [each.image, each])).values()];
  const count = Math.max(failed.length, ...Object.values(tasks).map((task) => task.failed));
  return [stateOf(ai, waiting), count ? failures(failed, count, again) : null].filter(Boolean);
}

function stateOf(ai, waiting) {
  if (ai.state === "off") return line("off", say("posts.ai.off"));
  if (ai.state === "away") {
    return line("away", `${say("posts.ai.away", { since: dateTime(1000 * ai.since) })} ${say("posts.ai.waiting", { count: number(waiting) })}`, problemWords(ai));
  }
  return waiting && ai.state === "on" ? line("busy", say("posts.ai.busy", { count: number(waiting) })) : null;
}

function line(state, words, why = "") {
  return element("p", { class: "ai-line", "data-state": state }, element("span", { class: "dot", "aria-hidden": "true" }), element("span", {}, words, why ? element("span", { class: "muted" }, ` ${why}`) : null));
}

function failures(failed, count, again) {
  return element("details", { class: "ai-failed" },
    element("summary", {}, sign("alert"), say("posts.failed", { count: number(count) })),
    element("ul", {}, ...failed.map(({ name, code, reason }) => element("li", {}, `${name}: ${problemWords({ code, detail: reason })}`))),
    element("button", { type: "button", class: "quiet", onclick: () => retryFeatures().then(again, () => {}) }, say("again")));
}
