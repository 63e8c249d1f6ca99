/** Writing a new post, or changing one: title, description, pictures in their order. */
import { element, sign } from "../core/dom.js";
import { say } from "../core/i18n.js";
import { makePanel } from "../core/panel.js";
import { problemWords } from "../core/problems.js";
import { toast } from "../core/toast.js";
import { addToPost, changePost, createPost, readPost, removeFromPost, restoreToPost } from "./api.js";
import { pictureList } from "./editor-pictures.js";

const MOST = 30;
let panel = null;
let draft = null; // {post, title, description, list, done, busy, problem}

/** Edit a post, or a new one with these files; `done(post, isNew)` once it is saved. */
export function openEditor(post, done, files = []) {
  panel ??= makePanel({ kind: "post-editor", title: "posts.write", content, closed: forget });
  if (panel.dialog.open) return draft.list.add(files);
  const list = pictureList(post?.images ?? [], { most: MOST, removed });
  draft = { post, title: post?.title ?? "", description: post?.description ?? "", list, done, busy: false, problem: "" };
  list.add(files);
  panel.open();
  return panel.body.querySelector("input[name=title]").focus();
}

function content() {
  const title = element("input", { name: "title", required: true, maxlength: 200, value: draft.title, autocomplete: "off", id: "post-title", oninput: () => { draft.title = title.value; } });
  const text = element("textarea", { name: "description", rows: 4, maxlength: 10000, id: "post-description", oninput: () => { draft.description = text.value; } }, draft.description);
  const form = element("form", { class: "post-form", onsubmit: (event) => { event.preventDefault(); save(); } },
    element("label", { for: "post-title" }, say("posts.title")), title,
    element("label", { for: "post-description" }, say("posts.description")), text,
    draft.list.node,
    element("p", { class: "failure", role: "alert", hidden: !draft.problem }, draft.problem),
    element("div", { class: "post-actions" },
      element("button", { type: "submit", class: "primary", "aria-disabled": draft.busy ? "true" : null }, sign("send"), element("span", {}, say(draft.busy ? "posts.saving" : draft.post ? "posts.save" : "posts.publish")))));
  form.addEventListener("paste", ({ clipboardData }) => clipboardData.files.length && draft.list.add([...clipboardData.files]));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    draft.list.add([...event.dataTransfer.files]);
  });
  draft.list.draw();
  return [form];
}

async function save() {
  if (draft.busy) return;
  const mine = draft;
  Object.assign(mine, { busy: true, problem: "" });
  panel.refresh();
  try {
    const post = mine.post ? await change(mine) : await createPost(mine.title, mine.description, mine.list.files());
    mine.done(post, !mine.post);
    if (draft === mine) panel.dialog.close();
  } catch (problem) {
    mine.problem = problem.file ? `${problem.file}: ${problemWords(problem)}` : problemWords(problem);
    await follow(mine, problem);
  }
  mine.busy = false;
  if (draft === mine) panel.refresh();
}

/** New pictures first, then texts and order, each from the state that was seen last. */
async function change(mine) {
  let { post } = mine;
  const files = mine.list.files();
  if (files.length) {
    const before = new Set(post.images.map(({ id }) => id));
    post = await addToPost(post, files);
    mine.list.placed(post.images.filter(({ id }) => !before.has(id)));
    mine.post = post;
  }
  return changePost(post, { title: mine.title, description: mine.description, images: mine.list.ids() });
}

/** Somebody changed the post meanwhile: what was written stays, its pictures are those of now. */
async function follow(mine, { status }) {
  if (status !== 412) return;
  mine.post = await readPost(mine.post.id).catch(() => mine.post);
  mine.list.follow(mine.post.images);
}

/** A picture was taken out: at once, and it can be put back. */
async function removed(picture) {
  const mine = draft;
  try {
    mine.post = await removeFromPost(mine.post, picture.id);
    mine.done(mine.post, false);
  } catch (problem) {
    mine.list.putBack(picture);
    await follow(mine, problem);
    return toast(problemWords(problem));
  }
  return toast(say("posts.picture.removed"), async () => {
    try {
      mine.post = await restoreToPost(mine.post, picture.id);
      mine.list.putBack(picture);
      mine.done(mine.post, false);
    } catch (problem) {
      await follow(mine, problem);
      toast(problemWords(problem));
    }
  });
}

function forget() {
  draft?.list.end();
  draft = null;
}
