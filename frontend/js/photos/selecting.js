/** Selecting photos in their view: what stands in its head meanwhile, and which tiles are marked. */
import { byId, element, hasKeyboard, sign } from "../core/dom.js";
import { send } from "../core/events.js";
import { number, say } from "../core/i18n.js";
import { isSelected, onSelection, selected, selecting, setSelecting } from "./selection.js";

/** Mark tiles in `place` as the selection changes, and call `drawHead()`; Esc ends it. */
export function startSelecting(place, drawHead) {
  onSelection(() => {
    drawHead();
    for (const button of place.querySelectorAll(".photo")) showSelected(button);
  });
  place.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && selecting()) setSelecting(false);
  });
}

/** What can be done with the photos that are selected. */
export function selectionHead() {
  const chosen = selected();
  return [
    element("div", { class: "view-title", role: "status" }, element("h2", {}, say("select.count", { count: number(chosen.length) })),
      hasKeyboard() ? element("p", { class: "muted" }, say("select.hint")) : null),
    ...chosen.length ? [element("button", { type: "button", class: "primary", id: "photos-sort", onclick: () => send("sort-pictures", { ids: chosen.map(({ id }) => id), folder: "" }) }, sign("tag"), element("span", {}, say("sort.title")))] : [],
    element("button", { type: "button", class: "quiet", id: "photos-selected", onclick: end }, sign("close"), element("span", {}, say("select.end"))),
  ];
}

/** Whether a tile is selected; nothing while none are being selected. */
export function showSelected(button) {
  if (selecting()) button.setAttribute("aria-pressed", String(isSelected(button.picture)));
  else button.removeAttribute("aria-pressed");
}

function end() {
  setSelecting(false);
  byId("photos-select")?.focus();
}
