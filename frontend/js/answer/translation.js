/** What the search made of the words: the translation, which can be corrected, and notices. */
import { fitted } from "../ask/length.js";
import { element, sign } from "../core/dom.js";
import { say } from "../core/i18n.js";

/** A line for `understood`, or null where the words were searched as written and all is well. */
export function translation({ translated, notice, notice_code: code, tokens }, again) {
  const remarks = [
    (notice || code) && (say(`notice.${code}`) ?? notice),
    tokens?.read && say("tokens", { limit: tokens.limit, words: tokens.read.split(/\s+/).slice(-4).join(" ") }),
  ].filter(Boolean);
  const remark = remarks.length ? element("p", { class: "remark" }, remarks.join(" ")) : null;
  if (!translated) return remark;
  const line = element("div", { class: "translation" });
  showWords(line, translated, again);
  if (remark) line.append(remark);
  return line;
}

function showWords(line, translated, again) {
  line.replaceChildren(
    element("p", {}, say("translated", { words: translated })),
    element("button", {
      type: "button", class: "quiet icon", title: say("translation.correct"), "aria-label": say("translation.correct"),
      onclick: () => showInput(line, translated, again),
    }, sign("edit")),
  );
}

function showInput(line, translated, again) {
  const input = element("input", { type: "text", value: translated, "aria-label": say("translation.correct") });
  const form = element("form", {
    onsubmit: (event) => {
      event.preventDefault();
      const corrected = fitted(input.value.trim());
      if (corrected && corrected !== translated) again({ corrected });
      else showWords(line, translated, again);
    },
    onkeydown: (event) => {
      if (event.key !== "Escape") return;
      showWords(line, translated, again);
      line.querySelector("button").focus();
    },
  }, input, element("button", { type: "submit", class: "primary" }, say("send")));
  line.replaceChildren(form);
  input.focus();
}
