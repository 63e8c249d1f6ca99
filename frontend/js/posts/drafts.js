/** Posts that are being written: each is kept until it is saved or discarded. */
import { pictureList } from "./editor-pictures.js";

const MOST = 30;
const TEXTS = ["title", "description"];
const kept = new Map(); // by the post's id, "" for a new one

// Leaving the page would lose them: the browser asks.
addEventListener("beforeunload", (event) => {
  if ([...kept.values()].some(isChanged)) event.preventDefault();
});

/**
 * The draft of a post, or of a new one; one that was kept goes on, with what others have changed since.
 * `removed(draft, picture, place)` is called for a picture of the post that is taken out.
 *
 * A draft is `{post, title, description, list, theirs, busy, problem}`: `post` as it was seen last, `theirs` the texts that
 * others have put where this draft has another.
 */
export function draftOf(post, removed) {
  const before = kept.get(post?.id ?? "");
  if (before) {
    if (post && !before.busy && post.version > before.post.version) adopt(before, post);
    return before;
  }
  const draft = { post, title: post?.title ?? "", description: post?.description ?? "", theirs: {}, busy: false, problem: "" };
  draft.list = pictureList(post?.images ?? [], { most: MOST, removed: (picture, place) => removed(draft, picture, place) });
  keep(draft);
  return draft;
}

/** Keep it again after it was discarded; whether that can be, since another one may be written by now. */
export function keep(draft) {
  const other = kept.get(draft.post?.id ?? "");
  if (other && isChanged(other)) return false;
  kept.set(draft.post?.id ?? "", draft);
  return true;
}

/** It is saved, discarded, or has nothing to save. */
export function forget(draft) {
  if (isKept(draft)) kept.delete(draft.post?.id ?? "");
}

/** Whether it waits for being saved or discarded. */
export function isKept(draft) {
  return kept.get(draft.post?.id ?? "") === draft;
}

/** Whether there is anything in it that is not in its post. */
export function isChanged(draft) {
  return draft.list.files().length > 0 || Object.keys(changesOf(draft)).length > 0;
}

/** What differs from its post: title, description, the order of pictures. The rest may be changed by others meanwhile. */
export function changesOf(draft) {
  const changes = {};
  for (const name of TEXTS) if (draft[name] !== (draft.post?.[name] ?? "")) changes[name] = draft[name];
  if (isMoved(draft)) changes.images = draft.list.ids();
  return changes;
}

/** Its post is another by now: what was written stays, everything else is as it is there. */
export function adopt(draft, now) {
  for (const name of TEXTS) {
    if (draft[name] === draft.post[name]) draft[name] = now[name];
    else if (now[name] !== draft.post[name] && now[name] !== draft[name]) draft.theirs[name] = now[name];
  }
  draft.list.follow(now.images, isMoved(draft));
  draft.post = now;
}

function isMoved({ post, list }) {
  return Boolean(post) && String(list.ids()) !== String(post.images.map(({ id }) => id));
}
