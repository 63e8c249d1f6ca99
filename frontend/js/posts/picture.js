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
let typed = {}; // captions by language that are not saved yet
let alike = null; // pictures like the one that is shown; null while they are looked for

/** Show it. */
export async function openPicture(picture) {
  panel ??= makePanel({ kind: "post-large", title: "posts.picture", content });
  shown = picture;
  typed = {};
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
  const caption = shown.captions.find((each) => each.language === tag);
  const field = element("textarea", { rows: 2, maxlength: 1000, lang: tag, id: `caption-${tag}`, oninput: () => { typed[tag] = field.value; } }, typed[tag] ?? caption?.text ?? "");
  const source = caption ? say(`post-by.${caption.source}`, { model: caption.model ?? "" }) : "";
  return element("form", { class: "caption-form", onsubmit: (event) => { event.preventDefault(); save(tag, field.value, caption?.text ?? ""); } },
    element("label", { for: `caption-${tag}` }, say(`post-caption.${tag}`), element("span", { class: "muted" }, source && ` · ${source}`)),
    field, element("button", { type: "submit", class: "quiet" }, say("posts.save")));
}

async function save(tag, text, seen) {
  try {
    const post = await captionPicture(shown.id, { [tag]: text }, { [tag]: seen });
    delete typed[tag];
    show(post);
    toast(say("posts.saved"));
  } catch (problem) {
    if (problem.status === 409) {
      delete typed[tag];
      show(await readPost(shown.post_id).catch(() => ({ images: [] })));
    }
    toast(problemWords(problem));
  }
}

/** As it is in its post now. */
function show(post) {
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
