/** The line under a picture's caption: who wrote it, and a person who knows better writes another. */
import { correctCaptions, takeBackCaptions } from "./api.js";
import { pictureInfo } from "../core/api.js";
import { languageOf, sayingsOf } from "../core/captions.js";
import { byId, element, sign } from "../core/dom.js";
import { send } from "../core/events.js";
import { current } from "../core/health.js";
import { say } from "../core/i18n.js";
import { problemWords } from "../core/problems.js";
import { toast } from "../core/toast.js";
import { translateButton } from "./translate.js";

const LONGEST = 1_000;
const MOST = 20;

/** Who wrote the caption that is shown, and what can be done about it. */
export function sourceLine(picture) {
  const [shown] = sayingsOf(picture);
  const open = !current()?.read_only && current()?.status === "ok";
  return element("div", { class: "caption-source" },
    element("span", { class: "muted" }, shown ? words(picture, shown) : say("caption.none")),
    open ? button("edit", shown ? "caption.correct" : "caption.write", () => openCorrection(picture)) : null,
    shown ? translateButton(shown.text, shown.language) : null,
    open && picture.corrected ? button("trash", "caption.take-back", () => change(picture, () => null)) : null);
}

/** Write a caption for a picture, beginning with `text` or with what is shown. */
export function openCorrection(picture, text = null) {
  const [shown] = sayingsOf(picture);
  const field = element("textarea", { id: "caption-field", rows: 3, maxlength: LONGEST, lang: shown?.language }, text ?? shown?.text ?? "");
  const form = element("form", { class: "caption-edit", onsubmit: save, onkeydown: leave },
    element("label", { for: "caption-field", class: "muted" }, say("caption.field")), field,
    element("div", { class: "caption-ends" },
      element("button", { type: "submit", class: "primary" }, say("caption.save")),
      element("button", { type: "button", class: "quiet", onclick: close }, say("cancel"))));
  byId("large-source").replaceChildren(form);
  form.scrollIntoView({ block: "nearest" });
  field.focus();

  function save(event) {
    event.preventDefault();
    const written = field.value.trim();
    if (written) change(picture, (now) => [written, ...others(now, shown, written)].slice(0, MOST));
    else field.focus();
  }

  function leave(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) save(event);
    if (event.key !== "Escape") return;
    event.preventDefault(); // it ends the writing, and not the picture
    close();
  }

  function close() {
    send("picture-said", picture);
    byId("large-edit")?.focus();
  }
}

/** What people wrote besides the caption that is shown, and it too where the new one is in another language. */
function others({ captions }, shown, written) {
  const replaced = shown?.by === "person" && shown.language === languageOf(written);
  return replaced ? captions.filter((text) => text !== shown.text) : captions;
}

/** Put there what `rewrite` makes of the captions of now, or take a correction back where that is null; both can be undone. */
async function change(picture, rewrite) {
  try {
    const now = await pictureInfo(picture.id); // what is shown may be older
    const captions = rewrite(now);
    const known = captions ? await correctCaptions(picture.id, captions, now.captions) : await takeBackCaptions(picture.id);
    const { captions: people, machine_captions, corrected } = known;
    Object.assign(picture, { captions: people, machine_captions, corrected });
    send("picture-said", picture);
    byId("large-edit")?.focus();
    toast(say(captions ? "caption.saved" : "caption.taken-back"), () => change(picture, () => (now.corrected ? now.captions : null)));
  } catch (problem) {
    toast(problemWords(problem));
  }
}

function words(picture, { by, captioner }) {
  if (by === "machine") return say("caption.by-machine", { captioner });
  return say(picture.corrected ? "caption.corrected" : "caption.by-person");
}

function button(drawn, word, act) {
  return element("button", { type: "button", class: "quiet", id: `large-${drawn}`, onclick: act }, sign(drawn), element("span", {}, say(word)));
}
