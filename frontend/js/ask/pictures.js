/** Pictures waiting to be sent, of a person's own or of the gallery: at most five, shown at once, each removable. */
import { showBlob } from "../core/blobs.js";
import { announce, byId, element, sign } from "../core/dom.js";
import { number, onLanguage, say } from "../core/i18n.js";
import { captionOf } from "../core/captions.js";
import { refusal, shrunk } from "../core/shrink.js";
import { toast } from "../core/toast.js";
import { describeButton, keepDescribed } from "./describing.js";
import { brief } from "./question.js";

const MOST = 5;
let waiting = [];
let changed = () => {};

/** Wire buttons, paste and drop; `onChange(pictures)` is called whenever the list changes. */
export function startPictures(onChange) {
  changed = onChange;
  for (const input of ["file", "photo"]) {
    byId(input).addEventListener("change", async ({ target }) => {
      await add(target.files);
      target.value = "";
    });
  }
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) {
      event.preventDefault();
      add(event.clipboardData.files);
    }
  });
  onLanguage(show);
}

/** Add files; those that are no pictures, or one too many, are refused in words. */
export async function add(files) {
  for (const file of [...files]) {
    if (waiting.length >= MOST) refuse("refused.many", file.name);
    else await take(file);
  }
  show();
}

/** Add a picture of the gallery; it travels by its id. */
export function addFromGallery(picture) {
  if (waiting.some(({ id }) => id === picture.id)) return;
  if (waiting.length >= MOST) refuse("refused.many", captionOf(picture));
  else waiting.push(brief(picture));
  show();
}

/** Hand over what waits and start empty. */
export function takePictures() {
  const taken = waiting;
  waiting = [];
  show();
  return taken;
}

/** Put pictures of an earlier question back. */
export function setPictures(pictures) {
  waiting = [...pictures];
  show();
}

async function take(file) {
  const reason = refusal(file);
  if (reason) return refuse(reason, file.name);
  try {
    const { blob, from } = await shrunk(file);
    waiting.push({ key: crypto.randomUUID(), blob, name: file.name || "picture" });
    if (from) toast(say("shrunk", { name: file.name, from: number(from), to: number(1_024) }));
  } catch {
    refuse("refused.unreadable", file.name);
  }
  return show();
}

function refuse(key, name) {
  const words = say(key, { name, most: MOST });
  const note = element("li", { class: "refused" }, words);
  byId("previews").hidden = false;
  byId("previews").append(note);
  announce(words);
  setTimeout(() => { note.remove(); byId("previews").hidden = !waiting.length; }, 8_000);
}

function show() {
  const items = waiting.map((picture) => {
    const name = picture.name ?? captionOf(picture);
    const image = element("img", { alt: name });
    showBlob(image, picture);
    return element("li", {}, image, describeButton(picture, name), element("button", {
      type: "button", class: "remove", "aria-label": say("remove", { name }),
      onclick: () => {
        waiting = waiting.filter((other) => other !== picture);
        show();
        byId("words").focus();
      },
    }, sign("close")));
  });
  const refusals = [...byId("previews").querySelectorAll(".refused")];
  byId("previews").replaceChildren(...items, ...refusals);
  byId("previews").hidden = !waiting.length && !refusals.length;
  keepDescribed(waiting);
  changed(waiting);
}
