/** Pictures waiting to be sent: at most five, shown small, each removable. */
import { announce, byId, element, sign } from "./dom.js";
import { onLanguage, say } from "./i18n.js";

export const MOST = 5;
let waiting = [];
let changed = () => {};

/** Wire button, paste and drop; `onChange(pictures)` is called whenever the list changes. */
export function startPictures(onChange) {
  changed = onChange;
  byId("attach").addEventListener("click", () => byId("file").click());
  byId("file").addEventListener("change", (event) => {
    add(event.target.files);
    event.target.value = "";
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) {
      event.preventDefault();
      add(event.clipboardData.files);
    }
  });
  for (const kind of ["dragenter", "dragover"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      byId("drop").classList.add("over");
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) byId("drop").classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    byId("drop").classList.remove("over");
    add(event.dataTransfer?.files ?? []);
  });
  onLanguage(show);
}

/** Add files; those that are no pictures, or one too many, are refused in words. */
export function add(files) {
  for (const file of files) {
    if (!file.type.startsWith("image/")) announceRefusal("refused.kind", file.name);
    else if (waiting.length >= MOST) announceRefusal("refused.many", file.name);
    else waiting.push({ blob: file, name: file.name || "picture", url: URL.createObjectURL(file) });
  }
  show();
}

/** Hand over what waits and start anew. */
export function take() {
  const taken = waiting;
  waiting = [];
  show();
  return taken;
}

function announceRefusal(key, name) {
  const words = say(key, { name, most: MOST });
  const note = element("li", { class: "refused" }, words);
  byId("previews").hidden = false;
  byId("previews").append(note);
  announce(words);
  setTimeout(() => { note.remove(); byId("previews").hidden = !waiting.length; }, 5000);
}

function show() {
  const items = waiting.map((picture, index) => element("li", {},
    element("img", { src: picture.url, alt: picture.name }),
    element("button", {
      type: "button", class: "remove", "aria-label": say("remove", { name: picture.name }),
      onclick: () => { URL.revokeObjectURL(waiting.splice(index, 1)[0].url); show(); byId("words").focus(); },
    }, sign("close")),
  ));
  const refusals = [...byId("previews").querySelectorAll(".refused")];
  byId("previews").replaceChildren(...items, ...refusals);
  byId("previews").hidden = !waiting.length && !refusals.length;
  changed(waiting);
}
