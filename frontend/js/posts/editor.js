/** Writing a new post, or changing one: title, description, pictures in their order. */
import { element, sign } from "../core/dom.js";
import { say } from "../core/i18n.js";
import { makePanel } from "../core/panel.js";
import { problemWords } from "../core/problems.js";
import { toast } from "../core/toast.js";
import { addToPost, changePost, createPost, readPost, removeFromPost, restoreToPost } from "./api.js";
import { adopt, changesOf, draftOf, forget, isChanged, isKept, keep } from "./drafts.js";

let panel = null;
let draft = null; // the one that is seen; see drafts.js

/** Edit a post, or a new one with these files; `done(post, isNew)` once it is saved. What was not saved before is there. */
export function openEditor(post, done, files = []) {
  panel ??= makePanel({ kind: "post-editor", title: "posts.write", content, closed });
  if (panel.dialog.open) return add(files);
  draft = draftOf(post, removed);
  draft.done = done;
  panel.open();
  if (files.length) add(files);
  return panel.body.querySelector("input[name=title]").focus();
}

function content() {
  const { busy, list, problem } = draft;
  const title = element("input", { name: "title", required: true, maxlength: 200, value: draft.title, autocomplete: "off", id: "post-title", readonly: busy, oninput: () => { draft.title = title.value; } });
  const text = element("textarea", { name: "description", rows: 4, maxlength: 10000, id: "post-description", readonly: busy, oninput: () => { draft.description = text.value; } }, draft.description);
  const form = element("form", { class: "post-form", onsubmit: (event) => { event.preventDefault(); save(); } },
    element("label", { for: "post-title" }, say("posts.title")), title, theirs("title"),
    element("label", { for: "post-description" }, say("posts.description")), text, theirs("description"),
    list.node,
    element("p", { class: "failure", role: "alert", hidden: !problem }, problem),
    element("div", { class: "post-actions" },
      element("button", { type: "button", class: "quiet", "data-do": "discard", hidden: busy, onclick: discard }, sign("trash"), element("span", {}, say("posts.discard"))),
      element("button", { type: "submit", class: "primary", "aria-disabled": busy ? "true" : null }, sign("send"), element("span", {}, say(busy ? "posts.saving" : draft.post ? "posts.save" : "posts.publish")))));
  form.addEventListener("paste", ({ clipboardData }) => clipboardData.files.length && add([...clipboardData.files]));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    add([...event.dataTransfer.files]);
  });
  list.node.inert = busy;
  list.draw();
  return [form];
}

/** The text that somebody else has put where this draft has another: saving takes its place. */
function theirs(name) {
  return name in draft.theirs ? element("p", { class: "theirs", role: "status" }, say("posts.theirs", { text: draft.theirs[name] })) : null;
}

/** More pictures; not while the others are on their way, since these would not be among them. */
function add(files) {
  if (draft.busy) return toast(say("posts.saving"));
  return draft.list.add(files);
}

async function save() {
  if (draft.busy) return;
  const mine = draft;
  const isNew = !mine.post;
  Object.assign(mine, { busy: true, problem: "" });
  panel.refresh();
  let post = null;
  try {
    post = isNew ? await createPost(mine.title, mine.description, mine.list.files()) : await change(mine);
  } catch (problem) {
    return failed(mine, problem);
  }
  end(mine);
  mine.done(post, isNew);
  if (isSeen(mine)) panel.dialog.close();
}

/** It stays as it is; who has closed the dialog meanwhile hears of it, too. */
async function failed(mine, problem) {
  mine.problem = problem.file ? `${problem.file}: ${problemWords(problem)}` : problemWords(problem);
  await follow(mine, problem);
  mine.busy = false;
  if (isSeen(mine)) panel.refresh();
  else toast(say("posts.not-saved", { title: mine.title, why: mine.problem }));
}

/** New pictures first, then what else differs, each from the state that was seen last. */
async function change(mine) {
  const files = mine.list.files();
  if (files.length) {
    const before = new Set(mine.post.images.map(({ id }) => id));
    const post = await addToPost(mine.post, files);
    mine.list.placed(post.images.filter(({ id }) => !before.has(id)));
    mine.post = post;
  }
  const changes = changesOf(mine);
  return Object.keys(changes).length ? changePost(mine.post, changes) : mine.post;
}

/** Somebody changed the post meanwhile. */
async function follow(mine, { status }) {
  if (status !== 412) return;
  const now = await readPost(mine.post.id).catch(() => null);
  if (!now) return;
  adopt(mine, now);
  if (isSeen(mine)) panel.refresh();
}

/** A picture was taken out: at once, and it can be put back. */
async function removed(mine, picture, place) {
  try {
    mine.post = await removeFromPost(mine.post, picture.id);
    mine.done(mine.post, false);
  } catch (problem) {
    mine.list.putBack(picture, place);
    await follow(mine, problem);
    return toast(problemWords(problem));
  }
  return toast(say("posts.picture.removed"), async () => {
    try {
      mine.post = await restoreToPost(mine.post, picture.id);
      mine.list.putBack(picture, place);
      mine.done(mine.post, false);
    } catch (problem) {
      await follow(mine, problem);
      toast(problemWords(problem));
    }
  });
}

/** Nothing of it is wanted; it can be taken back. */
function discard() {
  const mine = draft;
  const changed = isChanged(mine);
  forget(mine);
  panel.dialog.close();
  if (changed) offerBack(mine);
  else mine.list.end();
}

function offerBack(mine) {
  toast(say("posts.discarded"), () => {
    if (panel.dialog.open || !keep(mine)) return offerBack(mine);
    return openEditor(mine.post, mine.done);
  });
}

/** The dialog is closed: by Esc or a press beside it, too, so that nothing may be lost by it. */
function closed() {
  const mine = draft;
  draft = null;
  if (!mine || mine.busy || !isKept(mine)) return;
  if (isChanged(mine)) toast(say("posts.kept"));
  else end(mine);
}

function isSeen(mine) {
  return draft === mine && panel.dialog.open;
}

function end(mine) {
  forget(mine);
  mine.list.end();
}
