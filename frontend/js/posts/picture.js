/** A picture of a post, large: its captions, which a person can correct, and pictures like it. */
import { element } from "../core/dom.js";
import { LANGUAGES, say } from "../core/i18n.js";
import { makePanel } from "../core/panel.js";
import { problemWords } from "../core/problems.js";
import { toast } from "../core/toast.js";
import { captionPicture, readPost, similarInPosts } from "./api.js";
import { captionOfPost, pictureTile, stateWords } from "./tile.js";

let panel = null;
let shown = null;
const unsaved = new Map(); // captions that are typed and not saved, by picture and language: {text, seen, theirs}
let alike = null; // pictures like the one that is shown; null while they are looked for

/** Show it. */
export async function openPicture(picture) {
  panel ??= makePanel({ kind: "post-large", title: "posts.picture", content });
  shown = picture;
  alike = null;
  if (panel.dialog.open) panel.refresh();
  else panel.open();
  panel.body.scrollTop = 0;
  const { results } = await similarInPosts(picture.id).catch(() => ({ results: [] }));
  if (shown !== picture) return;
  alike = results;
  drawAlike();
}

function content() {
  const state = stateWords(shown);
  return [
    element("img", { class: "post-image", src: shown.url, alt: captionOfPost(shown)?.text ?? shown.name, width: shown.width, height: shown.height }),
    ...state ? [element("p", { class: "muted" }, state)] : [],
    ...reasons(),
    ...LANGUAGES.map(captionField),
    element("section", { "aria-labelledby": "post-alike" }, element("h3", { id: "post-alike" }, say("posts.similar")), alikePlace()),
  ];
}

function reasons() {
  return Object.values(shown.features).filter(({ reason }) => reason).slice(0, 1).map(({ reason }) => element("p", { class: "failure" }, reason));
}

function captionField(tag) {
  const caption = captionIn(shown, tag);
  const now = caption?.text ?? "";
  const typed = typedFor(shown);
  const seen = () => typed[tag]?.seen ?? now; // what it takes the place of, also where it is another by now
  const field = element("textarea", {
    rows: 2, maxlength: 1000, lang: tag, id: `caption-${tag}`,
    oninput: () => {
      typed[tag] = { ...typed[tag], seen: seen(), text: field.value };
      if (field.value === now && typed[tag].theirs === undefined) delete typed[tag];
    },
  }, typed[tag]?.text ?? now);
  const source = caption ? say(`post-by.${caption.source}`, { model: caption.model ?? "" }) : "";
  return element("form", { class: "caption-form", onsubmit: (event) => { event.preventDefault(); save(tag, field.value, seen()); } },
    element("label", { for: `caption-${tag}` }, say(`post-caption.${tag}`), element("span", { class: "muted" }, source && ` · ${source}`)),
    field,
    typed[tag]?.theirs === undefined ? null : element("p", { class: "theirs", role: "status" }, say("posts.theirs", { text: typed[tag].theirs })),
    element("button", { type: "submit", class: "quiet" }, say("posts.save")));
}

function typedFor({ id }) {
  if (!unsaved.has(id)) unsaved.set(id, {});
  return unsaved.get(id);
}

function captionIn({ captions }, tag) {
  return captions.find((each) => each.language === tag);
}

async function save(tag, text, seen) {
  const picture = shown;
  const typed = typedFor(picture);
  try {
    const post = await captionPicture(picture.id, { [tag]: text }, { [tag]: seen });
    delete typed[tag];
    show(picture, post);
    toast(say("posts.saved"));
  } catch (problem) {
    if (problem.status === 409) await follow(picture, tag, text);
    toast(problemWords(problem));
  }
}

/** Another person wrote meanwhile: what was typed stays, beside what is there now. */
async function follow(picture, tag, text) {
  const post = await readPost(picture.post_id).catch(() => null);
  const now = post?.images.find(({ id }) => id === picture.id);
  if (!now) return;
  const theirs = captionIn(now, tag)?.text ?? "";
  typedFor(picture)[tag] = { text, seen: theirs, theirs };
  show(picture, post);
}

/** As it is in its post now, if it is seen still. */
function show(picture, post) {
  if (shown.id !== picture.id) return;
  shown = post.images.find(({ id }) => id === shown.id) ?? shown;
  panel.refresh();
}

function alikePlace() {
  const place = element("div", { id: "post-alike-list" });
  fill(place);
  return place;
}

function drawAlike() {
  const place = panel.body.querySelector("#post-alike-list");
  if (place) fill(place);
}

function fill(place) {
  if (!alike) return place.replaceChildren(element("p", { class: "muted" }, say("posts.looking")));
  if (!alike.length) return place.replaceChildren(element("p", { class: "muted" }, say("posts.similar.none")));
  return place.replaceChildren(element("ul", { class: "post-found" }, ...alike.map((picture) => element("li", {}, pictureTile(picture)))));
}
