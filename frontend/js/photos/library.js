/** Pictures of the gallery, to be put into a question. */
import { captionOf } from "../core/captions.js";
import { element } from "../core/dom.js";
import { send } from "../core/events.js";
import { say } from "../core/i18n.js";
import { makePanel } from "../core/panel.js";
import { problemWords } from "../core/problems.js";
import { toast } from "../core/toast.js";
import { startGrid } from "./grid.js";
import { photoList } from "./list.js";

let grid = null;
let list = null;
const panel = makePanel({ kind: "library", title: "library", content, closed: end });

/** Show it; the picture that is pressed is sent as "take-picture". */
export function openLibrary() {
  panel.open();
}

function content() {
  end();
  const place = element("div", { class: "photos", "aria-label": say("library") });
  list = photoList({}, { changed: () => grid?.draw(), failed: (problem) => toast(problemWords(problem)) });
  grid = startGrid(place, panel.body, { count: () => list.count(), draw: tile, want: (first, last) => list.want(first, last) });
  list.need(0).then(() => grid?.focusOn(0));
  return [place];
}

function tile(index) {
  const picture = list.at(index);
  if (!picture) return null;
  const caption = captionOf(picture);
  return element("button", {
    type: "button", class: "photo", title: caption, "aria-label": caption,
    onclick: () => {
      panel.dialog.close();
      send("take-picture", picture);
    },
  }, element("img", { src: picture.thumbnail, alt: caption, decoding: "async", draggable: "false" }));
}

function end() {
  grid?.end();
  grid = null;
}
