/** One picture large: arrows go on, Esc closes, the focus returns to where it was. */
import { byId, element } from "./dom.js";
import { number, say } from "./i18n.js";

let shown = { results: [], index: 0, moreLike: null };

/** Wire the keys. */
export function startLightbox() {
  // On the document: redrawing takes the focused button away, and the focus with it.
  document.addEventListener("keydown", (event) => {
    if (!byId("lightbox").open) return;
    if (event.key === "ArrowRight") step(1);
    if (event.key === "ArrowLeft") step(-1);
  });
  byId("lightbox").addEventListener("click", (event) => {
    if (event.target === event.currentTarget) event.currentTarget.close();
  });
}

/** Open at `index` of `results`. */
export function openLightbox(results, index, moreLike) {
  shown = { results, index, moreLike };
  show();
  byId("lightbox").showModal();
}

function step(by) {
  const count = shown.results.length;
  shown.index = (shown.index + by + count) % count;
  show();
}

function show() {
  const { results, index, moreLike } = shown;
  const result = results[index];
  const button = (key, sign, act) => element("button", {
    type: "button", class: "quiet icon", "aria-label": say(key), title: say(key), onclick: act,
  }, sign);
  byId("lightbox").setAttribute("aria-label", result.path);
  byId("lightbox").replaceChildren(
    element("figure", {},
      element("img", { src: result.url, alt: result.captions[0] ?? result.path, width: result.width, height: result.height }),
      element("figcaption", {},
        ...result.captions.slice(0, 2).map((caption) => element("p", {}, caption)),
        element("p", { class: "path" },
          `${index + 1}/${results.length} · ${number(result.score, 3)} · ${result.path}`),
      ),
    ),
    element("div", { class: "tools" },
      button("previous", "←", () => step(-1)),
      button("next", "→", () => step(1)),
      element("button", {
        type: "button", class: "quiet", onclick: () => { byId("lightbox").close(); moreLike(result); },
      }, say("more-like")),
      element("a", { class: "quiet", href: result.url, download: result.path.split("/").pop() }, say("download")),
      button("close", "×", () => byId("lightbox").close()),
    ),
  );
}
