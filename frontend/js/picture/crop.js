/** Choose a part of a picture, by dragging or by arrow keys. */
import { showBlob } from "../core/blobs.js";
import { byId, element } from "../core/dom.js";
import { say } from "../core/i18n.js";
import { makePanel } from "../core/panel.js";
import { cropped } from "../core/shrink.js";

const STEP = 0.02;
const LEAST = 0.05;
let source = null;
let box = null;
let finish = () => {};
const panel = makePanel({ kind: "crop", title: "crop.title", content, closed: () => finish(null) });

/** Resolves to the part as a blob, or null when it was left. */
export function openCrop(blob) {
  source = blob;
  box = { left: 0.2, top: 0.2, width: 0.6, height: 0.6 };
  return new Promise((resolve) => {
    finish = resolve;
    panel.open();
    byId("crop-box").focus();
  });
}

function content() {
  const image = element("img", { alt: "", draggable: "false" });
  showBlob(image, { blob: source });
  const frame = element("div", { id: "crop-box", class: "crop-box", tabindex: "0", role: "group", "aria-label": say("crop.box"), onkeydown: byKey });
  const stage = element("div", { class: "crop-stage", onpointerdown: drag }, image, frame);
  requestAnimationFrame(show);
  return [
    stage,
    element("p", { class: "muted" }, say("crop.help")),
    element("button", { type: "button", class: "primary", onclick: () => done(image) }, say("crop.search")),
  ];
}

async function done({ naturalWidth: width, naturalHeight: height }) {
  const part = [box.left * width, box.top * height, box.width * width, box.height * height].map(Math.round);
  finish(await cropped(source, part));
  panel.dialog.close();
}

function byKey(event) {
  const by = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
  if (event.key === "Enter") return done(panel.dialog.querySelector("img"));
  if (!by) return undefined;
  event.preventDefault();
  const [x, y] = by;
  if (event.shiftKey) box = { ...box, width: within(box.width + x, LEAST, 1 - box.left), height: within(box.height + y, LEAST, 1 - box.top) };
  else box = { ...box, left: within(box.left + x, 0, 1 - box.width), top: within(box.top + y, 0, 1 - box.height) };
  return show();
}

function drag(event) {
  event.preventDefault();
  const stage = event.currentTarget;
  const start = place(event, stage);
  stage.setPointerCapture(event.pointerId);
  const move = (moved) => {
    const now = place(moved, stage);
    const [left, top] = [Math.min(start.x, now.x), Math.min(start.y, now.y)];
    box = {
      left, top,
      width: within(Math.abs(start.x - now.x), LEAST, 1 - left),
      height: within(Math.abs(start.y - now.y), LEAST, 1 - top),
    };
    show();
  };
  stage.addEventListener("pointermove", move);
  stage.addEventListener("pointerup", () => stage.removeEventListener("pointermove", move), { once: true });
}

function place({ clientX, clientY }, stage) {
  const { left, top, width, height } = stage.getBoundingClientRect();
  return { x: within((clientX - left) / width, 0, 1 - LEAST), y: within((clientY - top) / height, 0, 1 - LEAST) };
}

function show() {
  for (const [side, share] of Object.entries(box)) byId("crop-box")?.style.setProperty(side, `${100 * share}%`);
}

function within(value, least, most) {
  return Math.min(most, Math.max(least, value));
}
