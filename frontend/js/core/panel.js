/** Dialogs with a title and a close button: Esc, Back and a press beside it close, the focus returns to where it was. */
import { element, sign } from "./dom.js";
import { onLanguage, say } from "./i18n.js";
import { closeLayer, layerKind, openLayer } from "./steps.js";

/**
 * `open()` shows a dialog of `kind` titled by the word `title`; `content()` gives its nodes, again at
 * each opening, at each `refresh()` and when the language changes. Each opening is a step of the browser's history.
 */
export function makePanel({ kind, title, content, closed = () => {} }) {
  const heading = element("h2", { id: `${kind}-title` });
  const close = element("button", { type: "button", class: "quiet icon", onclick: () => dialog.close() }, sign("close"));
  const body = element("div", { class: "panel-body" });
  const dialog = element("dialog", { class: `panel ${kind}`, "aria-labelledby": `${kind}-title` },
    element("header", { class: "panel-head" }, heading, close), body, element("div", { class: "toast-place" }));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // its backdrop
  });
  dialog.addEventListener("close", () => {
    if (dialog.open) return; // opened again meanwhile
    closeLayer(kind);
    body.replaceChildren();
    closed();
  });
  layerKind(kind, { close: () => dialog.close() });
  document.body.append(dialog);

  function refresh() {
    if (!dialog.open) return;
    heading.textContent = say(title);
    close.setAttribute("aria-label", say("close"));
    body.replaceChildren(...content());
  }

  function open() {
    if (dialog.open) return;
    dialog.showModal();
    openLayer(kind);
    refresh();
  }

  onLanguage(refresh);
  return { dialog, body, open, refresh };
}
