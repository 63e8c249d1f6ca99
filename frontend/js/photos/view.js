/** All photos: newest first, by folder, with a place to drop more. */
import { folders } from "../core/api.js";
import { captionOf } from "../core/captions.js";
import { byId, element, sign } from "../core/dom.js";
import { listenTo, send } from "../core/events.js";
import { folderName } from "../core/folders.js";
import { current, onHealth } from "../core/health.js";
import { month, number, onLanguage, say } from "../core/i18n.js";
import { problemWords } from "../core/problems.js";
import { pushAddress } from "../core/steps.js";
import { tags } from "../core/tags.js";
import { currentView, showView } from "../core/views.js";
import { addFiles, startAdding } from "./adding.js";
import { startGrid } from "./grid.js";
import { photoList } from "./list.js";
import { selectionHead, showSelected, startSelecting } from "./selecting.js";
import { selecting, setSelecting, toggle } from "./selection.js";

let place = null;
let folder = "";
let tag = "";
let known = { folders: [], tags: [] };
let list = null;
let grid = null;
let problem = null;
let opened = () => {};
const ready = new Promise((resolve) => { opened = resolve; });
let top = 0; // where to scroll once it is known how many there are

/** Show the folder and the tag of the address. */
export function enter(section, arrival) {
  const wanted = [arrival.fields.get("folder")?.normalize("NFC") ?? "", arrival.fields.get("tag") ?? ""];
  if (!place) start(section);
  if (list && wanted[0] === folder && wanted[1] === tag) return;
  top = arrival.other ? arrival.top : 0;
  [folder, tag] = wanted;
  open();
}

/** Nothing goes on but what is being added. */
export function leave() {}

/** The photos as a source for the large view, and the place of this one among them. */
export async function photoAt(id) {
  await ready;
  return { source: list, index: await list.find(id) };
}

/** Where files may be dropped while it is seen. */
export const dropPlace = { target: () => place, when: () => currentView() === "photos" && mayAdd(), take: (files) => addFiles(files, folder) };

function start(section) {
  place = section;
  place.classList.add("photos-view");
  startAdding(() => refresh());
  onLanguage(drawFrame);
  onHealth((ok) => {
    if (ok && problem) refresh();
    drawHead();
  });
  listenTo("gallery-changed", refresh);
  listenTo("other-gallery", open);
  startSelecting(place, drawHead);
  drawFrame();
}

function open() {
  problem = null;
  if (selecting()) setSelecting(false);
  list = photoList({ folder, tag }, { changed, failed });
  drawFrame();
  opened();
  list.need(0);
  loadChoices();
}

async function loadChoices() {
  const [places, given] = await Promise.all([folders().catch(() => []), tags().catch(() => [])]);
  known = { folders: places, tags: given };
  drawHead();
}

function refresh() {
  problem = null;
  list?.refresh().then(() => grid?.draw(true));
  loadChoices();
}

function changed() {
  if (list.known() && top) {
    grid.draw();
    scrollTo(0, top);
    top = 0;
  }
  grid.draw();
  if (maySort() && !byId("photos-sort") && !selecting()) drawHead(); // the first have come
  else drawCount();
}

function failed(met) {
  problem = met;
  drawState();
}

function drawFrame() {
  if (!list) return;
  grid?.end();
  const photos = element("div", { class: "photos", "aria-label": say("view.photos") });
  place.replaceChildren(
    element("div", { class: "view-head", id: "photos-head" }),
    byId("adding") ?? element("div", { id: "adding" }),
    element("div", { id: "photos-state" }),
    photos,
  );
  grid = startGrid(photos, null, { count: () => list.count(), draw: tile, want: (first, last) => list.want(first, last), moved });
  drawHead();
  drawState();
}

function drawHead() {
  const head = byId("photos-head");
  if (!head || !list) return;
  if (selecting()) {
    head.replaceChildren(...selectionHead());
    return;
  }
  const file = element("input", { type: "file", accept: "image/*", multiple: true, hidden: true, id: "add-files", "aria-label": say("photos.add"), onchange: () => addFiles(file.files, folder) });
  head.replaceChildren(...[
    element("div", { class: "view-title" }, element("h2", {}, say("view.photos")), element("p", { class: "muted", id: "photos-count" }), element("p", { class: "muted when", id: "photos-when" })),
    known.folders.length > 1 || folder ? chooser("folder", folder, "filter.anywhere", known.folders.map(({ path, count }) => [path, folderName(path), count])) : null,
    known.tags.length || tag ? chooser("tag", tag, "filter.any-tag", known.tags.map((each) => [each.tag, each.tag, each.count])) : null,
    ...maySort() ? [
      element("button", { type: "button", class: "quiet", id: "photos-select", onclick: () => setSelecting(true) }, sign("select"), element("span", {}, say("select"))),
      element("button", { type: "button", class: "quiet", id: "photos-sort", onclick: () => send("sort-pictures", { ids: null, folder, tag }) }, sign("tag"), element("span", {}, say("sort.title"))),
    ] : [],
    ...mayAdd() ? [file, element("button", { type: "button", class: "primary", onclick: () => file.click() }, sign("plus"), element("span", {}, say("photos.add")))] : [],
  ].filter(Boolean));
  drawCount();
}

/** Of a folder or a tag: `choices` are `[value, words, count]`. A chosen one stays among them, even where nothing has it any more. */
function chooser(name, chosen, all, choices) {
  const gone = chosen && !choices.some(([value]) => value === chosen) ? [[chosen, name === "folder" ? folderName(chosen) : chosen, 0]] : [];
  const select = element("select", { "aria-label": say(`filter.${name}`), onchange: () => goTo({ folder, tag, [name]: select.value }) },
    element("option", { value: "" }, say(all)),
    ...[...choices, ...gone].map(([value, words, count]) => element("option", { value }, `${words} (${number(count)})`)));
  select.value = chosen;
  return element("div", { class: "chooser" }, sign(name), select);
}

function goTo(wanted) {
  const fields = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));
  pushAddress(fields.size ? `/photos?${fields}` : "/photos");
  scrollTo(0, 0);
  showView({});
}

/** An API of an earlier version cannot sort. */
function maySort() {
  return current()?.status === "ok" && current().sorting && list.known() && list.count() > 0;
}

function mayAdd() {
  return current()?.status === "ok" && !current().read_only;
}

function drawCount() {
  if (byId("photos-count") && list.known()) byId("photos-count").textContent = say("photos.count", { count: number(list.count()) });
  drawState();
}

/** What stands there instead of photos. */
function drawState() {
  const state = problem ? [element("div", { class: "failure" }, sign("alert"), element("p", {}, problemWords({ ...problem, folder, message: problem.message })),
    element("button", { type: "button", class: "primary", onclick: refresh }, say("again")))]
    : list.known() && !list.count() ? [element("p", { class: "empty" }, say(tag ? "answer.filtered" : mayAdd() ? "photos.empty" : "answer.none"))] : [];
  byId("photos-state")?.replaceChildren(...state);
}

/** Where in time a person has scrolled to, for those who move fast. */
function moved(first) {
  const picture = list.at(first);
  if (byId("photos-when")) byId("photos-when").textContent = picture?.taken && scrollY > 200 ? month(picture.taken) : "";
}

function tile(index) {
  const picture = list.at(index);
  if (!picture) return null;
  const caption = captionOf(picture);
  const button = element("button", {
    type: "button", class: "photo", title: caption, "aria-label": caption,
    onclick: (event) => (selecting() || event.ctrlKey || event.metaKey ? toggle(list, index, event.shiftKey) : send("open-picture", { source: list, index })),
  }, element("img", { src: picture.thumbnail, alt: caption, decoding: "async", draggable: "false" }));
  button.picture = picture;
  showSelected(button);
  return button;
}
