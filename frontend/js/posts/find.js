/** The search over all posts: by words, or by a picture. */
import { announce, element, sign } from "../core/dom.js";
import { number, say } from "../core/i18n.js";
import { problemWords } from "../core/problems.js";
import { searchPosts, searchPostsBy } from "./api.js";
import { postCard } from "./card.js";
import { pictureTile } from "./tile.js";

/**
 * `search(wanted)` is called for words that were typed, "" for none, or a picture; `edit(post)` for a post that somebody
 * wants to change. Returns `{node, draw, show, byPicture}`.
 */
export function startFinding(search, edit) {
  const node = element("div", { class: "posts-search" });
  const results = element("div", { id: "posts-found" });
  let words = "";
  let stop = null;

  function draw() {
    const field = element("input", { type: "search", id: "posts-words", value: words, maxlength: 1000, placeholder: say("posts.search"), "aria-label": say("posts.search"), enterkeyhint: "search" });
    const file = element("input", { type: "file", accept: "image/*", hidden: true, id: "posts-by", "aria-label": say("posts.by-picture"), onchange: () => file.files[0] && search(file.files[0]) });
    node.replaceChildren(element("form", { role: "search", class: "posts-box", onsubmit: (event) => { event.preventDefault(); search(field.value.trim()); } },
      sign("search"), field, file,
      button("picture", "posts.by-picture", () => file.click()),
      ...words || results.childElementCount ? [button("close", "posts.back", () => search(""))] : []), results);
  }

  async function run(asking) {
    stop?.abort();
    stop = new AbortController();
    const { signal } = stop;
    results.replaceChildren(element("p", { class: "muted" }, say("posts.looking")));
    draw();
    try {
      const found = await asking(signal);
      if (!signal.aborted) fill(found);
    } catch (problem) {
      if (!signal.aborted) results.replaceChildren(element("p", { class: "failure", role: "alert" }, problemWords(problem)));
    }
  }

  function fill({ query, results: pictures, posts = [] }) {
    const count = [
      posts.length ? say("posts.found-texts", { count: number(posts.length) }) : null,
      pictures.length ? say("posts.found", { count: number(pictures.length) }) : null,
    ].filter(Boolean).join(" · ") || say("posts.none");
    results.replaceChildren(
      element("p", { class: "muted" }, count, query.notice ? ` ${say(query.notice === "model-changing" ? "posts.model-changing" : "posts.words-only")}` : ""),
      element("div", { class: "posts" }, ...posts.map((post) => postCard(post, { edit }))),
      element("ul", { class: "post-found" }, ...pictures.map((picture) => element("li", {}, pictureTile(picture), element("p", { class: "muted" }, picture.title)))));
    announce(count);
  }

  return {
    node,
    draw,
    /** What these words find; nothing for none. */
    show(wanted) {
      words = wanted;
      if (words) return run((signal) => searchPosts(words, signal));
      stop?.abort();
      results.replaceChildren();
      return draw();
    },
    byPicture: (blob) => run((signal) => searchPostsBy(blob, signal)),
  };
}

function button(name, words, onclick) {
  return element("button", { type: "button", class: "quiet icon", "aria-label": say(words), title: say(words), onclick }, sign(name));
}
