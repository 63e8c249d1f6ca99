/** In place of a thumbnail that does not come: why, in words. */
import { pictureProblem } from "./api.js";
import { element } from "./dom.js";
import { say } from "./i18n.js";
import { problemWords } from "./problems.js";

const UNREADABLE = [404, 415];

/** Watch the page for such thumbnails. */
export function explainUnshown() {
  document.addEventListener("error", explain, true); // errors of pictures do not bubble
}

async function explain({ target }) {
  if (!(target instanceof HTMLImageElement) || !target.src.endsWith("/thumbnail")) return;
  const place = element("span", { class: "unshown" });
  place.style.setProperty("--ratio", `${target.getAttribute("width") ?? 1} / ${target.getAttribute("height") ?? 1}`);
  target.replaceWith(place);
  const problem = await pictureProblem(target.src);
  const key = !problem || UNREADABLE.includes(problem.status) ? "picture-unseen" : `error.${problem.code}`;
  const words = say(key) ?? problemWords(problem);
  place.append(element("span", { "data-i18n": key }, words));
  place.title = words;
}
