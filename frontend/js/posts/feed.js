/** The newest posts first; older ones as they are wanted. */
import { announce, element } from "../core/dom.js";
import { say } from "../core/i18n.js";
import { listFoot } from "../core/list-foot.js";
import { problemWords } from "../core/problems.js";
import { toast } from "../core/toast.js";
import { deletePost, postPage, readPost, restorePost } from "./api.js";
import { postCard } from "./card.js";

const PAGE = 10;

/** `edit(post)` is called for a post that somebody wants to change. Returns `{node, draw, refresh, put, changed, again}`. */
export function startFeed({ edit }) {
  const cards = element("div", { class: "posts" });
  const state = element("p", { class: "empty" });
  const foot = listFoot(() => load(false));
  const node = element("div", {}, state, cards, foot.node);
  let posts = [];
  let next = null;
  let loading = null;

  const draw = () => {
    cards.replaceChildren(...posts.map(card));
    state.textContent = say("posts.empty");
    state.hidden = Boolean(loading || posts.length);
    foot.show(loading ? "busy" : next ? "more" : "");
  };
  const card = (post) => postCard(post, { edit, remove });

  async function load(fresh) {
    if (loading) return loading;
    loading = postPage(PAGE, fresh ? null : next);
    foot.show(posts.length ? "busy" : "");
    try {
      const page = await loading;
      const known = new Set(fresh ? [] : posts.map(({ id }) => id));
      posts = [...fresh ? [] : posts, ...page.posts.filter(({ id }) => !known.has(id))];
      next = page.next;
    } catch (problem) {
      toast(problemWords(problem));
    } finally {
      loading = null;
    }
    return draw();
  }

  /** A post as it is now: new, changed, or gone. */
  function put(post, first = false) {
    const at = posts.findIndex(({ id }) => id === post.id);
    if (at >= 0) {
      posts[at] = post;
      redraw(post);
    } else if (first) {
      posts.unshift(post);
      state.hidden = true;
      cards.prepend(card(post));
    }
  }

  function redraw(post) {
    const old = cards.querySelector(`[data-post="${post.id}"]`);
    // What somebody is pressing must not vanish under the finger.
    const focused = old?.contains(document.activeElement) ? document.activeElement.dataset.do : null;
    const drawn = card(post);
    old?.replaceWith(drawn);
    if (focused) drawn.querySelector(`[data-do="${focused}"]`)?.focus({ preventScroll: true });
  }

  function take(id) {
    posts = posts.filter((post) => post.id !== id);
    draw();
  }

  async function remove(post) {
    try {
      await deletePost(post);
    } catch (problem) {
      return toast(problemWords(problem));
    }
    take(post.id);
    announce(say("posts.deleted", { title: post.title }));
    return toast(say("posts.deleted", { title: post.title }), async () => {
      try {
        await restorePost(post.id);
        await load(true);
      } catch (problem) {
        toast(problemWords(problem));
      }
    });
  }

  async function changed(id) {
    if (!posts.some((post) => post.id === id)) return;
    await readPost(id).then((post) => put(post), ({ status }) => status === 404 && take(id));
  }

  return {
    node,
    draw,
    put,
    changed,
    refresh: () => load(true),
    /** Each post that is shown, as it is now; where somebody has scrolled to stays. */
    async again() {
      if (!posts.length) await load(true);
      else for (const { id } of [...posts]) await changed(id);
    },
  };
}
