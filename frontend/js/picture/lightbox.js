/** One picture large, with what is known of it: arrows and swipes go on, +, − and double clicks zoom, Esc closes. */
import { captionsOf } from "../core/captions.js";
import { announce, byId } from "../core/dom.js";
import { listenTo, send } from "../core/events.js";
import { number, onLanguage } from "../core/i18n.js";
import { changeLayer, closeLayer, layerKind, openLayer, withOpen } from "../core/steps.js";
import { copyText } from "../core/toast.js";
import { showAbout } from "./about.js";
import { nameOf } from "./actions.js";
import { closeArea, isSelecting, openArea } from "./area.js";
import { startStage } from "./stage.js";
import { hideWeights } from "./weights.js";
import { foundBy } from "./why.js";

const dialog = byId("lightbox");
let source = null;
let stage = null;

/** Open at `index` of a source: results, or photos of the gallery. */
export function openLightbox(from, index) {
  if (stage) end();
  source = from;
  foundBy(from.words ?? "");
  if (!dialog.open) dialog.showModal();
  openLayer("picture", { id: source.at(index)?.id }, withOpen(source.at(index)?.id));
  stage = startStage(source, index, show);
  for (const id of ["large-previous", "large-next"]) byId(id).hidden = source.count() < 2;
  byId(source.count() < 2 ? "large-close" : "large-next").focus();
}

layerKind("picture", { close: () => dialog.close(), passing: false });
layerKind("area", { close: closeArea });
listenTo("picture-said", (picture) => stage && source.at(stage.index()) === picture && show(stage.index()));
listenTo("select-area", () => openArea(current(), stage));

for (const [id, act] of [
  ["large-previous", () => stage.turn(-1)],
  ["large-next", () => stage.turn(1)],
  ["large-close", () => dialog.close()],
  ["large-zoom", () => stage.zoom("toggle")],
  ["large-link", () => copyText(new URL(withOpen(current().id, "/photos"), location.href).href)],
  ["large-handle", () => unfold(byId("large-panel").classList.toggle("unfolded"))],
]) byId(id).addEventListener("click", act);

// Not of the dialog: after a touch nothing in it has the focus.
document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (!stage) return;
  if (isSelecting() && key === "Escape") {
    event.preventDefault(); // it ends the selecting, not the picture
    closeLayer("area");
  }
  if (target.matches("input, textarea") || isSelecting()) return;
  if (key === "ArrowLeft" || key === "ArrowRight") stage.turn(key === "ArrowLeft" ? -1 : 1);
  if (key === "+" || key === "=") stage.zoom("in");
  if (key === "-") stage.zoom("out");
});

dialog.addEventListener("click", ({ target }) => {
  if (!isSelecting() && target.matches(".large, .swiper-slide, .swiper-zoom-container")) dialog.close();
});

dialog.addEventListener("close", () => {
  if (dialog.open || !stage) return;
  closeLayer("picture");
  end();
});

onLanguage(() => dialog.open && show(stage.index()));

function end() {
  closeArea();
  hideWeights();
  send("large-closed");
  stage.end();
  stage = null;
  unfold(byId("large-panel").classList.toggle("unfolded", false));
}

function current() {
  return source.at(stage.index());
}

function unfold(whether) {
  byId("large-handle").setAttribute("aria-expanded", String(whether));
}

function show(index) {
  const place = `${number(index + 1)}/${number(source.count())}`;
  byId("large-place").textContent = place;
  const picture = source.at(index);
  if (!picture) return; // on its way
  showAbout(picture);
  send("large-shown", picture);
  byId("large-download").href = picture.original ?? picture.url; // the page shows a JPEG of a TIFF
  byId("large-download").download = nameOf(picture);
  changeLayer("picture", { id: picture.id }, withOpen(picture.id));
  announce(`${place} ${captionsOf(picture)[0] ?? nameOf(picture)}`);
}

