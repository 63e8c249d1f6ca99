/** Dialogs with a title and a close button: Esc closes, the focus returns to where it was. */
import { element, sign } from "./dom.js";
import { onLanguage, say } from "./i18n.js";

/**
 * `open()` shows a dialog of `kind` titled by the word `title`; `content()` gives its nodes, anew at
 * each opening, at each `refresh()` and when the language changes.
 */
export function makePanel({ kind, title, content, closed = () => {} }) {
  const heading = element("h2", { id: `${kind}-title` });
  const close = element("button", { type: "button", class: "quiet icon", onclick: () => dialog.close() }, sign("close"));
  const body = element("div", { class: "panel-body" });
  const dialog = element("dialog", { class: `panel ${kind}`, "aria-labelledby": `${kind}-title` },
    element("header", { class: "panel-head" }, heading, close), body);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // its backdrop
  });
  dialog.addEventListener("close", () => {
    body.replaceChildren();
    closed();
  });
  document.body.append(dialog);

  function refresh() {
    if (!dialog.open) return;
    heading.textContent = say(title);
    close.setAttribute("aria-label", say("close"));
    body.replaceChildren(...content());
  }

  function open() {
    dialog.showModal();
    refresh();
  }

  onLanguage(refresh);
  return { dialog, body, open, refresh };
}
