/** A machine says what is on a picture that waits to be sent. */
import { json } from "../core/api.js";
import { byId, element, sign } from "../core/dom.js";
import { describing } from "../core/health.js";
import { language, say } from "../core/i18n.js";
import { problemWords } from "../core/problems.js";

const place = byId("previews-said");
let shown = null; // whose description is there, or on its way

/** The button on a picture of a person's own; null where nothing describes it. */
export function describeButton(picture, name) {
  if (!picture.blob || !describing()) return null;
  const label = `${say("describe")}: ${name}`;
  return element("button", { type: "button", class: "describe", title: say("describe"), "aria-label": label, onclick: () => act(picture) }, sign("describe"));
}

/** Take the description away once its picture waits no longer. */
export function keepDescribed(waiting) {
  if (!waiting.includes(shown)) hide();
}

async function act(picture) {
  shown = picture;
  draw(element("span", { class: "muted" }, say("describe.busy")));
  try {
    const { captions: [text], language: spoken, captioner } = await describe(picture.blob, language());
    if (shown === picture) draw(element("span", { lang: spoken }, text), element("span", { class: "muted" }, say("caption.by-machine", { captioner })));
  } catch (problem) {
    if (shown === picture) draw(element("span", { class: "danger" }, problemWords(problem)));
  }
}

function draw(...parts) {
  place.replaceChildren(...parts);
  place.hidden = false;
}

function hide() {
  shown = null;
  place.replaceChildren();
  place.hidden = true;
}

/** What is on a picture: `{captions, language, captioner, attention}`, in `language` where the captioner writes it, else in its first. */
export async function describe(blob, language, attention = false) {
  const form = new FormData();
  form.set("file", blob, "picture.jpg");
  form.set("language", language);
  if (attention) form.set("attention", "true");
  const answer = () => json("/api/caption", { method: "POST", body: form });
  try {
    return await answer();
  } catch (problem) {
    if (problem.code !== "unknown-language") throw problem;
    form.delete("language");
    return answer();
  }
}
