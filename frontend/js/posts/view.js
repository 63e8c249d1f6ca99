/** Posts: a feed, a place to write a new one, and a search over all of them. */
import { byId, element, sign } from "../core/dom.js";
import { listenTo } from "../core/events.js";
import { number, onLanguage, say } from "../core/i18n.js";
import { pushAddress } from "../core/steps.js";
import { toast } from "../core/toast.js";
import { showView } from "../core/views.js";
import { postFeatures } from "./api.js";
import { aiLine } from "./ai-line.js";
import { openEditor } from "./editor.js";
import { startFeed } from "./feed.js";
import { startFinding } from "./find.js";
import { listenToPosts } from "./live.js";
import { openPicture } from "./picture.js";

let place = null;
let feed = null;
let finding = null;
let features = null;
let live = null;
let words = "";
let looking = false;
let lookAgain = false;

const PAUSE_MS = 500;

/** Show the feed, or what the words of the address find. */
export function enter(section, { fields }) {
  if (!place) start(section);
  live ??= listenToPosts({ changed, ai: look, missed: () => feed.again() });
  words = fields.get("q") ?? "";
  finding.show(words);
  feed.node.hidden = Boolean(words);
  if (!words) feed.refresh();
  look();
}

/** Nobody looks: no events are needed. */
export function leave() {
  live?.abort();
  live = null;
}

/** Where files may be dropped while the feed is seen: into a new post. */
export const dropPlace = { target: () => place, when: () => Boolean(place) && !place.hidden, take: (files) => openEditor(null, saved, [...files]) };

function start(section) {
  place = section;
  place.classList.add("posts-view");
  const edit = (post) => openEditor(post, saved);
  feed = startFeed({ edit });
  finding = startFinding(search, edit);
  place.addEventListener("paste", ({ clipboardData }) => clipboardData.files.length && dropPlace.take(clipboardData.files));
  listenTo("open-post-picture", openPicture);
  onLanguage(draw);
  draw();
}

function draw() {
  place.replaceChildren(
    element("div", { class: "view-head" },
      element("div", { class: "view-title" }, element("h2", {}, say("view.posts")), element("p", { class: "muted", id: "posts-count" })),
      element("button", { type: "button", class: "primary", id: "new-post", onclick: () => openEditor(null, saved) }, sign("plus"), element("span", {}, say("posts.new")))),
    element("div", { id: "posts-ai", role: "status" }),
    finding.node,
    feed.node,
  );
  finding.draw();
  feed.draw();
  drawState();
}

function drawState() {
  if (!features || !byId("posts-ai")) return;
  byId("posts-ai").replaceChildren(...aiLine(features, look));
  byId("posts-count").textContent = features.pictures ? say("posts.pictures", { count: number(features.pictures) }) : "";
}

/** One at a time: while thousands of pictures are looked at, each of them says that it changed. */
async function look() {
  lookAgain = looking;
  if (looking) return;
  looking = true;
  features = await postFeatures().catch(() => features);
  drawState();
  await new Promise((done) => { setTimeout(done, PAUSE_MS); });
  looking = false;
  if (lookAgain) look();
}

/** Words or a picture; words have an address. */
function search(wanted) {
  if (wanted instanceof Blob) {
    feed.node.hidden = true;
    return finding.byPicture(wanted);
  }
  pushAddress(wanted ? `/posts?${new URLSearchParams({ q: wanted })}` : "/posts");
  return showView({});
}

function saved(post, isNew) {
  if (words) search("");
  feed.put(post, isNew);
  look();
  toast(say(isNew ? "posts.published" : "posts.saved"));
}

/** Somebody or something changed a post. */
function changed(id) {
  feed.changed(id);
  look();
}
