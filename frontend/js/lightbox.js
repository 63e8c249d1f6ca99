/** One picture large: arrows go on, Esc closes, the focus returns to where it was. */
import { captionsOf } from "./captions.js";
import { byId, element } from "./dom.js";
import { number, onLanguage, say } from "./i18n.js";

let shown = { results: [], index: 0, moreLike: () => {} };

/** Wire buttons and keys. */
export function startLightbox() {
  const dialog = byId("lightbox");
  byId("large-previous").addEventListener("click", () => step(-1));
  byId("large-next").addEventListener("click", () => step(1));
  byId("large-close").addEventListener("click", () => dialog.close());
  byId("large-like").addEventListener("click", () => {
    dialog.close();
    shown.moreLike(shown.results[shown.index]);
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight") step(1);
    if (event.key === "ArrowLeft") step(-1);
  });
  dialog.addEventListener("click", (event) => {
    if (event.target.matches("dialog, figure, .stage")) dialog.close();
  });
  onLanguage(() => {
    if (dialog.open) show();
  });
}

/** Open at `index` of `results`. */
export function openLightbox(results, index, moreLike) {
  shown = { results, index, moreLike };
  show();
  byId("lightbox").showModal();
  byId("large-next").focus();
}

function step(by) {
  const count = shown.results.length;
  shown.index = (shown.index + by + count) % count;
  show();
}

function show() {
  const { results, index } = shown;
  const { url, path, width, height, score } = results[index];
  const captions = captionsOf(results[index]);
  // Made anew: the old picture would stand there, stretched, until the new one is loaded.
  const large = element("img", { src: url, alt: "", width, height });
  byId("large").replaceChildren(large);
  large.style.setProperty("--width", `${width}px`);
  large.style.setProperty("--ratio", String(width / height));
  byId("large-caption").textContent = captions[0] ?? path;
  byId("large-more").textContent = captions[1] ?? "";
  byId("large-path").textContent = say("score-of", { score: number(score, 3), path });
  byId("large-place").textContent = `${index + 1}/${results.length}`;
  byId("large-download").href = url;
  byId("large-download").download = path.split("/").pop();
  for (const id of ["large-previous", "large-next"]) byId(id).hidden = results.length < 2;
}
