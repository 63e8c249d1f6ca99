/** One post as it stands in the feed. */
import { element, sign } from "../core/dom.js";
import { dateTime, say } from "../core/i18n.js";
import { pictureTile } from "./tile.js";

let made = 0;

/** `edit(post)` and `remove(post)` are called for what is pressed; without `remove` it cannot be deleted from there. */
export function postCard(post, { edit, remove }) {
  const heading = `post-heading-${made += 1}`; // the same post may stand in the feed and among what was found
  return element("article", { class: "post", "data-post": post.id, "aria-labelledby": heading },
    element("header", { class: "post-head" },
      element("div", {}, element("h3", { id: heading }, post.title), element("p", { class: "muted" }, dateTime(post.created))),
      tool("edit", "posts.edit", () => edit(post)),
      remove ? tool("trash", "posts.delete", () => remove(post)) : null),
    post.description ? element("p", { class: "post-text" }, post.description) : null,
    post.images.length ? element("ul", { class: "post-pictures", "data-count": Math.min(post.images.length, 4) }, ...post.images.map((picture) => element("li", {}, pictureTile(picture)))) : null);
}

function tool(name, words, onclick) {
  return element("button", { type: "button", class: "quiet icon", "data-do": name, "aria-label": say(words), title: say(words), onclick }, sign(name));
}
