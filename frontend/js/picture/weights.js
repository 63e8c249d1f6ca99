/** A soft light over the large picture: bright where a number is large, darker elsewhere. */
import { byId, element } from "../core/dom.js";

let over = null;
const resized = new ResizeObserver(() => fit());

/**
 * Lay it over the picture in front. `weights` are `rows` × `columns` numbers of at least 0, the top row first; `area` is
 * what they cover of the picture: left, top, right and bottom as shares of it.
 */
export function showWeights({ rows, columns, area: [left, top, right, bottom], weights }) {
  hideWeights();
  if (!imageInFront()) return;
  const canvas = element("canvas", { class: "weights-grid", width: columns, height: rows });
  const place = { left, top, width: right - left, height: bottom - top };
  for (const [side, share] of Object.entries(place)) canvas.style.setProperty(side, `${100 * share}%`);
  draw(canvas, weights);
  over = element("div", { class: "weights", "aria-hidden": "true" }, canvas);
  byId("lightbox").querySelector(".large").append(over);
  resized.observe(byId("stage"));
  fit();
}

/** Take it away. */
export function hideWeights() {
  resized.disconnect();
  over?.remove();
  over = null;
}

/** One pixel a number; the browser makes it soft when it stretches it. */
function draw(canvas, weights) {
  const pen = canvas.getContext("2d");
  const pixels = pen.createImageData(canvas.width, canvas.height);
  const most = Math.max(...weights, 1e-9);
  weights.forEach((weight, place) => { pixels.data[4 * place + 3] = Math.round(190 * (1 - weight / most)); });
  pen.putImageData(pixels, 0, 0);
}

function fit() {
  const image = imageInFront();
  if (!over || !image) return;
  const [shown, frame] = [image.getBoundingClientRect(), over.parentNode.getBoundingClientRect()];
  const place = { left: shown.left - frame.left, top: shown.top - frame.top, width: shown.width, height: shown.height };
  for (const [side, pixels] of Object.entries(place)) over.style.setProperty(side, `${pixels}px`);
}

function imageInFront() {
  return byId("large").querySelector(".swiper-slide-active img");
}
