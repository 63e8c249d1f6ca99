/** The end of a list that grows by scrolling: a button that always reaches more, and a word at the end. */
import { element, sign } from "./dom.js";
import { number, say } from "./i18n.js";

/** A foot whose button calls `more()`. Returns `{node, show}`. */
export function listFoot(more) {
  const button = element("button", { type: "button", class: "quiet more", onclick: () => button.ariaDisabled !== "true" && more() },
    sign("more"), element("span", {}, say("more")));
  const node = element("div", { class: "list-foot" });

  /** "more", "busy", "end" and "most" (there is more, but not here) of `count` pictures, or "" for nothing. */
  function show(state, count = 0) {
    node.dataset.state = state;
    button.ariaDisabled = state === "busy" ? "true" : null; // not `disabled`: the focus would be lost
    if (state === "more" || state === "busy") {
      if (!button.isConnected) node.replaceChildren(button);
    } else node.replaceChildren(...(state ? [element("p", { class: "list-end" }, say(`more.${state}`, { count: number(count) }))] : []));
  }

  return { node, show };
}
