/** Select an area on the large picture itself, by dragging or by arrow keys, and search for it. */
import { question } from "../ask/question.js";
import { pictureBlob } from "../core/api.js";
import { byId, element, sign } from "../core/dom.js";
import { send } from "../core/events.js";
import { say } from "../core/i18n.js";
import { problemWords } from "../core/problems.js";
import { cropped } from "../core/shrink.js";
import { closeLayer, openLayer } from "../core/steps.js";
import { toast } from "../core/toast.js";
import { nameOf } from "./actions.js";

const STEP = 0.02;
const LEAST = 0.04;
let box = null;
let stage = null;
let picture = null;
let over = null; // what lies over the picture
const resized = new ResizeObserver(() => fit());

/** Begin with the middle of the picture in front. */
export function openArea(selected, on) {
  if (over || !on.image()) return;
  [picture, stage] = [selected, on];
  box = { left: 0.2, top: 0.2, width: 0.6, height: 0.6 };
  openLayer("area");
  stage.hold(true);
  over = element("div", { class: "area", onpointerdown: drag },
    element("div", { id: "area-box", class: "area-box", tabindex: "0", role: "group", "aria-label": say("area.box"), onkeydown: byKey }));
  const tools = element("div", { class: "area-tools" },
    element("p", {}, say("area.help")),
    element("button", { type: "button", class: "primary", onclick: search }, sign("search"), element("span", {}, say("area.search"))),
    element("button", { type: "button", class: "quiet", onclick: () => closeLayer("area") }, say("cancel")));
  byId("lightbox").querySelector(".large").append(over, tools);
  byId("lightbox").classList.add("selecting");
  resized.observe(byId("stage"));
  show();
  byId("area-box").focus();
}

/** Whether an area is being selected. */
export function isSelecting() {
  return over !== null;
}

/** End it without a search. */
export function closeArea() {
  if (!over) return;
  resized.disconnect();
  byId("lightbox").classList.remove("selecting");
  byId("lightbox").querySelector(".area-tools").remove();
  over.remove();
  over = null;
  stage.hold(false);
  byId("large-area")?.focus();
}

async function search() {
  const { naturalWidth: width, naturalHeight: height } = stage.image();
  const part = [box.left * width, box.top * height, box.width * width, box.height * height].map(Math.round);
  try {
    const blob = await cropped(await pictureBlob(picture.url), part);
    send("search", question({ pictures: [{ key: crypto.randomUUID(), name: nameOf(picture), blob }] }));
  } catch (problem) {
    toast(problemWords(problem));
  }
}

/** Lie exactly over the picture, whatever its size is now. */
function fit() {
  if (!over || !stage.image()) return;
  const [image, frame] = [stage.image().getBoundingClientRect(), over.parentNode.getBoundingClientRect()];
  const place = { left: image.left - frame.left, top: image.top - frame.top, width: image.width, height: image.height };
  for (const [side, pixels] of Object.entries(place)) over.style.setProperty(side, `${pixels}px`);
}

function byKey(event) {
  const by = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
  if (event.key === "Enter") return search();
  if (!by) return undefined;
  event.preventDefault();
  const [x, y] = by;
  if (event.shiftKey) box = { ...box, width: within(box.width + x, LEAST, 1 - box.left), height: within(box.height + y, LEAST, 1 - box.top) };
  else box = { ...box, left: within(box.left + x, 0, 1 - box.width), top: within(box.top + y, 0, 1 - box.height) };
  return show();
}

function drag(event) {
  event.preventDefault();
  const start = place(event);
  over.setPointerCapture(event.pointerId);
  const move = (moved) => {
    const now = place(moved);
    const [left, top] = [Math.min(start.x, now.x), Math.min(start.y, now.y)];
    box = { left, top, width: within(Math.abs(start.x - now.x), LEAST, 1 - left), height: within(Math.abs(start.y - now.y), LEAST, 1 - top) };
    show();
  };
  over.addEventListener("pointermove", move);
  over.addEventListener("pointerup", () => over?.removeEventListener("pointermove", move), { once: true });
}

function place({ clientX, clientY }) {
  const { left, top, width, height } = over.getBoundingClientRect();
  return { x: within((clientX - left) / width, 0, 1 - LEAST), y: within((clientY - top) / height, 0, 1 - LEAST) };
}

function show() {
  fit();
  for (const [side, share] of Object.entries(box)) byId("area-box").style.setProperty(side, `${100 * share}%`);
}

function within(value, least, most) {
  return Math.min(most, Math.max(least, value));
}
