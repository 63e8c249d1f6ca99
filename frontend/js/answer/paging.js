/** More of the newest answer as a person scrolls towards its end, and older ones towards the top. */

const NEAR = "0px 0px 1000px";
const GONE_UP = 40; // pixels: a question that stands higher was scrolled past, by a person
let watched = null;
let near = false;

const seen = new IntersectionObserver((entries) => {
  near = entries.at(-1).isIntersecting;
  if (near) go(false);
}, { rootMargin: NEAR });
addEventListener("scroll", () => go(false), { passive: true });
// Where all fits on the screen there is nothing to scroll, but a wheel turns.
addEventListener("wheel", ({ deltaY, target }) => deltaY > 0 && !target.closest("dialog") && go(true), { passive: true });

/** Call `more()` once when `foot` comes near, for the answer to the question at `top`. */
export function pageAt(top, foot, more) {
  leaveEnd();
  watched = { top, more };
  seen.observe(foot);
}

/** No answer is continued any more. */
export function leaveEnd() {
  seen.disconnect();
  [watched, near] = [null, false];
}

/** Call `draw()`, which adds something above, whenever `node` at the top comes near. */
export function pageUp(node, draw) {
  const top = new IntersectionObserver((entries) => {
    if (!entries.at(-1).isIntersecting) return;
    const { scrollTop, scrollHeight } = document.scrollingElement;
    draw();
    // What was seen stays where it is: at the very top the browser does not see to that.
    if (!scrollTop) document.scrollingElement.scrollTop = document.scrollingElement.scrollHeight - scrollHeight;
    top.unobserve(node); // and watched again, so that it reports if the node is still near
    top.observe(node);
  }, { rootMargin: "600px" });
  top.observe(node);
}

function go(wanted) {
  if (!watched || !near) return;
  // For who goes along by Tab, the end would flee and what comes after it never be reached: they press the button.
  if (!wanted && document.querySelector(".messages :focus-visible")) return;
  if (!wanted && watched.top.getBoundingClientRect().top > GONE_UP) return;
  const { more } = watched;
  leaveEnd();
  more();
}
