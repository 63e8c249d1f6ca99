/** Short notes at the bottom, with an undo where there is something to undo. */
import { byId, element } from "./dom.js";
import { say } from "./i18n.js";

const SHOWN_MS = 8_000;

/** Show `text`; with `undo`, a button that calls it. It stays while the pointer or focus is on it. */
export function toast(text, undo = null) {
  const note = element("div", { class: "toast" }, element("p", {}, text));
  if (undo) {
    note.append(element("button", { type: "button", class: "quiet", onclick: () => { note.remove(); undo(); } }, say("undo")));
  }
  byId("toasts").replaceChildren(note); // one at a time: the newest counts
  // A note inside an open dialog's backdrop could not be reached.
  const dialog = document.querySelector("dialog[open]");
  (dialog ?? document.body).append(byId("toasts"));
  dialog?.addEventListener("close", () => document.body.append(byId("toasts")), { once: true });
  const leave = () => (note.matches(":hover, :focus-within") ? setTimeout(leave, 1_000) : note.remove());
  setTimeout(leave, SHOWN_MS);
}

/** Put text on the clipboard and say so. */
export async function copyText(text, done = say("copied")) {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    toast(say("copy.forbidden"));
  }
}
