/** The grid of pictures found. */
import { captionOf } from "./captions.js";
import { element } from "./dom.js";
import { number, say } from "./i18n.js";
import { openLightbox } from "./lightbox.js";

/** Pictures in their own shape with bar and cosine; a click enlarges. */
export function resultGrid(results, moreLike) {
  const best = Math.max(...results.map((result) => result.score), 0.01);
  return element("ul", { class: "grid" }, ...results.map((result, index) => {
    const bar = element("span", { class: "bar-fill" });
    bar.style.setProperty("--share", String(Math.max(0, result.score) / best));
    const score = number(result.score, 3);
    return element("li", {},
      element("button", {
        type: "button", class: "hit", title: captionOf(result),
        "aria-label": say("result", { rank: index + 1, score, caption: captionOf(result) }),
        onclick: () => openLightbox(results, index, moreLike),
      },
        element("img", {
          src: result.thumbnail, alt: "", width: result.width, height: result.height, loading: "lazy",
        }),
      ),
      element("div", { class: "score" },
        element("span", { class: "bar-track", "aria-hidden": "true" }, bar),
        element("span", { class: "cosine" }, score),
      ),
    );
  }));
}
