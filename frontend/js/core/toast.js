/** Short notes, with an undo where there is something to undo. They stand in a place of their own and cover nothing. */
import { byId, element, sign } from "./dom.js";
import { say } from "./i18n.js";

const SHOWN_MS = 6_000;
const UNDO_MS = 12_000;

/** Show `text`; with `undo`, a button that calls it. It stays while the pointer or focus is on it. */
export function toast(text, undo = null) {
  const note = element("div", { class: "toast" }, element("p", {}, text));
  if (undo) note.append(element("button", { type: "button", class: "quiet", onclick: () => { note.remove(); undo(); } }, say("undo")));
  note.append(element("button", { type: "button", class: "quiet icon", "aria-label": say("close"), onclick: () => note.remove() }, sign("close")));
  byId("toasts").replaceChildren(note); // one at a time: the newest counts
  // What stands behind an open dialog could not be reached.
  const dialog = [...document.querySelectorAll("dialog[open]")].at(-1);
  (dialog?.querySelector(".toast-place") ?? byId("toast-place")).append(byId("toasts"));
  dialog?.addEventListener("close", () => byId("toast-place").append(byId("toasts")), { once: true });
  const leave = () => (note.matches(":hover, :focus-within") ? setTimeout(leave, 1_000) : note.remove());
  setTimeout(leave, undo ? UNDO_MS : SHOWN_MS);
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
