/** One picture large: arrows and swipes go on, +, − and double clicks zoom, Esc closes. */
import Keyboard from "/node_modules/swiper/modules/keyboard.min.mjs";
import Zoom from "/node_modules/swiper/modules/zoom.min.mjs";
import Swiper from "/node_modules/swiper/swiper.min.mjs";
import { captionsOf } from "../core/captions.js";
import { announce, byId, element, moves } from "../core/dom.js";
import { number, onLanguage, say } from "../core/i18n.js";
import { copyText } from "../core/toast.js";
import { cropAndSearch, moreLike, nameOf, withWords } from "./actions.js";
import { verdict } from "./verdict.js";

let pictures = [];
let swiper = null;
const dialog = byId("lightbox");

/** Open at `index` of `shown`, results or pictures of the gallery. */
export function openLightbox(shown, index) {
  pictures = shown;
  byId("large").replaceChildren(...pictures.map(slide));
  dialog.showModal();
  swiper = new Swiper(byId("stage"), {
    modules: [Keyboard, Zoom], initialSlide: index, keyboard: true, zoom: { maxRatio: 4 }, rewind: true, longSwipesRatio: 0.15,
    speed: moves() ? 250 : 0, spaceBetween: 24,
    on: { slideChange: ({ activeIndex }) => show(activeIndex) },
  });
  show(index);
  byId("large-next").focus();
}

for (const [id, act] of [
  ["large-previous", () => turn(-1)],
  ["large-next", () => turn(1)],
  ["large-close", () => dialog.close()],
  ["large-zoom", () => swiper.zoom.toggle()],
  ["large-link", () => copyText(new URL(current().url, location.href).href)],
  ["large-like-this", leaveFor(moreLike)],
  ["large-words", leaveFor(withWords)],
  ["large-crop", leaveFor(cropAndSearch)],
]) byId(id).addEventListener("click", act);

dialog.addEventListener("keydown", ({ key }) => {
  if (key === "+" || key === "=") swiper.zoom.in();
  if (key === "-") swiper.zoom.out();
});

dialog.addEventListener("click", ({ target }) => {
  if (target.matches("dialog, figure, .swiper-slide, .swiper-zoom-container")) dialog.close();
});

dialog.addEventListener("close", () => {
  swiper.destroy(true, false);
  byId("large").replaceChildren(); // large pictures need not stay in memory
});

onLanguage(() => dialog.open && show(swiper.activeIndex));

function turn(by) {
  const next = (swiper.activeIndex + by + pictures.length) % pictures.length;
  swiper.slideTo(next);
}

function leaveFor(act) {
  return () => {
    const picture = current();
    dialog.close();
    for (const other of document.querySelectorAll("dialog[open]")) other.close();
    act(picture);
  };
}

function current() {
  return pictures[swiper.activeIndex];
}

function slide({ url, width, height }) {
  const image = element("img", { src: url, alt: "", width, height, loading: "lazy", draggable: "false", onerror: sayUnseen });
  image.style.setProperty("--width", `${width}px`);
  image.style.setProperty("--ratio", String(width / height));
  return element("li", { class: "swiper-slide" }, element("div", { class: "swiper-zoom-container" }, image));
}

/** In place of a picture that the browser cannot show. */
function sayUnseen({ target }) {
  target.replaceWith(element("p", { class: "unseen", "data-i18n": "picture-unseen" }, say("picture-unseen")));
}

function show(index) {
  const picture = pictures[index];
  const captions = captionsOf(picture);
  const place = `${number(index + 1)}/${number(pictures.length)}`;
  byId("large-caption").textContent = captions[0] ?? picture.path;
  byId("large-more").replaceChildren(...captions.slice(1).map((caption) => element("li", {}, caption)));
  byId("large-path").textContent = picture.score == null ? picture.path
    : say("score-of", { score: number(picture.score, 3), path: picture.path });
  byId("large-place").textContent = place;
  byId("large-download").href = picture.original ?? picture.url; // the page shows a JPEG of a TIFF
  byId("large-download").download = nameOf(picture);
  byId("large-verdicts").replaceChildren(verdict("like", picture), verdict("unlike", picture));
  for (const id of ["large-previous", "large-next"]) byId(id).hidden = pictures.length < 2;
  announce(`${place} ${captions[0] ?? picture.path}`);
}
