/** What the backend says of posts. */
import { json, sent, streamed } from "../core/api.js";

/** Posts, the newest first: `{posts, next, total}`; `cursor` is `next` of the page before. */
export function postPage(limit, cursor) {
  const fields = new URLSearchParams({ limit: String(limit) });
  if (cursor) fields.set("cursor", cursor);
  return json(`/api/posts?${fields}`);
}

export function readPost(id) {
  return json(`/api/posts/${id}`);
}

/** A new post with files in their order. */
export function createPost(title, description, files) {
  const form = pictures(files);
  form.set("title", title);
  form.set("description", description);
  return json("/api/posts", { method: "POST", body: form });
}

/** Title, description and the order of pictures. Throws a Problem with status 412 where the post is another by now. */
export function changePost(post, change) {
  return json(`/api/posts/${post.id}`, asSeen(post, sent("PATCH", change)));
}

export function deletePost(post) {
  return json(`/api/posts/${post.id}`, asSeen(post, { method: "DELETE" }));
}

/** Take a deletion back. */
export function restorePost(id) {
  return json(`/api/posts/${id}/restore`, { method: "POST" });
}

/** More pictures for a post; the post. */
export function addToPost(post, files) {
  return json(`/api/posts/${post.id}/images`, asSeen(post, { method: "POST", body: pictures(files) }));
}

/** Take a picture out; the post. */
export function removeFromPost(post, id) {
  return json(`/api/post-images/${id}`, asSeen(post, { method: "DELETE" }));
}

/** Put it back; the post. */
export function restoreToPost(post, id) {
  return json(`/api/post-images/${id}/restore`, asSeen(post, { method: "POST" }));
}

/** A person's captions by language, blank for none; `seen` are those before. The post. Throws a Problem with status 409
    where another person wrote meanwhile. */
export function captionPicture(id, captions, seen) {
  return json(`/api/post-images/${id}/captions`, sent("PUT", { captions, seen }));
}

/** Pictures of all posts like this one. */
export function similarInPosts(id) {
  return json(`/api/post-images/${id}/similar?k=12`);
}

/** Pictures by words. */
export function searchPosts(words, signal) {
  return json(`/api/posts/search?${new URLSearchParams({ q: words, k: "30" })}`, { signal });
}

/** Pictures like one that is sent. */
export function searchPostsBy(blob, signal) {
  return json("/api/posts/search?k=30", { method: "POST", body: pictures([blob]), signal });
}

/** How far the AI service is: `{pictures, tasks, ai}`. */
export function postFeatures() {
  return json("/api/posts/features");
}

/** Try again what failed. */
export function retryFeatures() {
  return json("/api/posts/features/retry", sent("POST", {}));
}

/** Yield `[kind, data]`: ai, post, image, progress. */
export function postEvents(signal) {
  return streamed("/api/posts/events", { signal });
}

function pictures(files) {
  const form = new FormData();
  for (const file of files) form.append("image", file, file.name ?? "picture");
  return form;
}

/** Refused where somebody changed the post since it was read. */
function asSeen({ version }, options) {
  return { ...options, headers: { ...options.headers, "If-Match": `"${version}"` } };
}
