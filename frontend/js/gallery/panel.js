/** All pictures of the gallery: browse, add by dropping, delete what one added oneself. */
import { addPictures, deletePicture, galleryPage } from "../core/api.js";
import { captionOf } from "../core/captions.js";
import { byId, element, sign } from "../core/dom.js";
import { send } from "../core/events.js";
import { current } from "../core/health.js";
import { number, say } from "../core/i18n.js";
import { makePanel } from "../core/panel.js";
import { problemWords } from "../core/problems.js";
import { shrinkAll } from "../core/shrink.js";
import { toast } from "../core/toast.js";
import { nameOf } from "../picture/actions.js";
import { startSheets } from "./sheets.js";

const PAGE = 48;
let images = [];
let total = 0;
let sheets = null;
const panel = makePanel({ kind: "gallery", title: "gallery", content, closed: () => sheets?.end() });

/** Show it. */
export function openGallery() {
  panel.open();
}

/** Where files may be dropped while it is open. */
export const dropPlace = { target: () => panel.dialog, when: () => panel.dialog.open, take: add };

function content() {
  sheets?.end();
  [images, total] = [[], 0];
  const list = element("div", { class: "sheets" });
  const file = element("input", { type: "file", accept: "image/*", multiple: true, hidden: true, "aria-label": say("gallery.add"), onchange: () => add(file.files) });
  sheets = startSheets(list, panel.body, { more, awaited, tile });
  return [
    element("div", { class: "gallery-head" },
      element("div", {},
        element("p", { id: "gallery-count" }),
        element("p", { class: "muted" }, say("gallery.drop"))),
      file,
      element("button", { type: "button", class: "primary", onclick: () => file.click() }, sign("plus"), element("span", {}, say("gallery.add")))),
    list,
  ];
}

function awaited() {
  return Math.min(PAGE, (images.length ? total : current()?.images ?? PAGE) - images.length);
}

/** The next page; empty at the end, null where it failed. */
async function more() {
  const mine = images;
  try {
    const page = await galleryPage(images.length, PAGE);
    if (mine !== images || !panel.dialog.open) return null; // closed or begun anew meanwhile
    total = page.total;
    showCount();
    images.push(...page.images);
    return page.images;
  } catch (problem) {
    if (panel.dialog.open) toast(problemWords(problem));
    return null;
  }
}

function showCount() {
  byId("gallery-count").textContent = say("gallery.count", { count: number(total), model: current()?.model ?? "" });
}

function tile(image) {
  const item = element("li", {}, element("button", {
    type: "button", class: "hit", title: captionOf(image), "aria-label": captionOf(image),
    onclick: () => send("open-picture", { pictures: images, index: images.indexOf(image) }),
  }, element("img", { src: image.thumbnail, alt: "", width: image.width, height: image.height, loading: "lazy", decoding: "async" })));
  if (image.added) {
    const label = say("gallery.delete", { name: nameOf(image) });
    item.append(element("button", { type: "button", class: "remove", "aria-label": label, title: label, onclick: () => remove(image) }, sign("trash")));
  }
  return item;
}

async function add(files) {
  const { taken, refused } = await shrinkAll([...files]);
  for (const { name, reason } of refused) toast(say(reason, { name }));
  try {
    let added = 0;
    for (let first = 0; first < taken.length; first += 5) added += (await addPictures(taken.slice(first, first + 5))).added;
    if (taken.length) toast(say("gallery.added", { count: number(added), known: number(taken.length - added) }));
  } catch (problem) {
    toast(problemWords(problem));
  }
  if (taken.length) panel.refresh();
}

async function remove(image) {
  try {
    await deletePicture(image.id);
    toast(say("gallery.deleted", { name: nameOf(image) }));
  } catch (problem) {
    toast(problemWords(problem));
  }
  panel.refresh();
}
