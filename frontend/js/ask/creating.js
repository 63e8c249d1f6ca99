/** Pictures that a model makes from words: they are shown, and kept or searched with only where a person says so. */
import { addPictures, generating } from "../core/api.js";
import { announce, byId, element, sign } from "../core/dom.js";
import { send } from "../core/events.js";
import { current } from "../core/health.js";
import { number, say } from "../core/i18n.js";
import { makePanel } from "../core/panel.js";
import { problemWords } from "../core/problems.js";
import { toast } from "../core/toast.js";
import { question } from "./question.js";

const COUNT = 4;
const panel = makePanel({ kind: "create", title: "create", content, closed: stop });
const bar = element("progress", { max: "1" });
const preview = element("img", { alt: "", hidden: true });
const status = element("p", { class: "muted", role: "status" });
let words = "";
let made = []; // {blob, url, name, saved}
let problem = null;
let going = null; // the AbortController of the request

/** Show the dialog with these words, else with those in the composer, else with those of the last time. */
export function openCreate(text = "") {
  words = text || byId("words").value.trim() || words;
  panel.open();
  panel.body.querySelector("input")?.focus();
}

function content() {
  const input = element("input", { type: "text", value: words, maxlength: "1000", placeholder: say("create.placeholder"), "aria-label": say("create.words"), oninput: () => { words = input.value; } });
  const press = going
    ? element("button", { type: "button", class: "quiet", onclick: stop }, sign("stop"), element("span", {}, say("stop")))
    : element("button", { type: "submit", class: "primary" }, sign("create"), element("span", {}, say("create.do")));
  const form = element("form", { class: "create-form", onsubmit: (event) => { event.preventDefault(); start(); } }, input, press);
  return [
    form,
    element("p", { class: "muted" }, say(current()?.paints_drawings ? "create.note-demo" : "create.note")),
    going ? element("div", { class: "create-going" }, preview, bar, status) : null,
    problem ? element("p", { class: "danger", role: "alert" }, problemWords(problem)) : null,
    made.length ? element("div", { class: "created", role: "list" }, ...made.map(tile)) : null,
  ].filter(Boolean);
}

async function start() {
  if (going || !words.trim()) return;
  const mine = going = new AbortController();
  forget();
  problem = null;
  bar.removeAttribute("value");
  preview.hidden = true;
  status.textContent = say("create.waiting");
  panel.refresh();
  try {
    for await (const [kind, data] of generating(words.trim(), COUNT, mine.signal)) take(kind, data);
    announce(say("create.done", { count: number(made.length) }));
  } catch (error) {
    if (!mine.signal.aborted) problem = error;
  }
  if (going === mine) {
    going = null;
    panel.refresh();
  }
}

function take(kind, data) {
  if (kind === "queued" && data.before) status.textContent = say("create.queued", { count: number(data.before) });
  if (kind === "progress" && data.of) {
    bar.value = data.done / data.of;
    status.textContent = say("create.going", { done: number(data.done), of: number(data.of) });
    if (data.preview) Object.assign(preview, { src: data.preview, hidden: false });
  }
  if (kind === "picture") {
    const blob = new Blob([Uint8Array.from(atob(data.image.split(",")[1]), (letter) => letter.charCodeAt(0))], { type: "image/png" });
    made.push({ blob, url: URL.createObjectURL(blob), words: data.prompt, width: data.width, height: data.height, name: `${data.prompt.slice(0, 40)}-${data.seed}-${made.length + 1}.png`, saved: false });
  }
}

function stop() {
  going?.abort();
  going = null;
  panel.refresh();
}

function forget() {
  for (const { url } of made) URL.revokeObjectURL(url);
  made = [];
}

function tile(picture) {
  const act = (drawn, word, onclick, disabled = false) => element("button", { type: "button", class: "quiet icon", title: say(word), "aria-label": say(word), disabled, onclick }, sign(drawn));
  return element("figure", { role: "listitem" },
    element("img", { src: picture.url, alt: picture.words }),
    element("figcaption", {},
      element("p", {}, element("span", { class: "ai-made" }, say("create.badge")), element("span", { class: "muted" }, `${picture.width} × ${picture.height}`)),
      act("similar", "find-similar", () => findSimilar(picture)),
      current()?.read_only ? null : act("library", picture.saved ? "create.saved" : "create.save", () => save(picture), picture.saved),
      element("a", { class: "quiet icon", href: picture.url, download: picture.name, title: say("download"), "aria-label": say("download") }, sign("download"))));
}

function findSimilar({ blob, name }) {
  panel.dialog.close();
  send("search", question({ pictures: [{ key: crypto.randomUUID(), blob, name }] }));
}

async function save(picture) {
  try {
    const { skipped = [] } = await addPictures([new File([picture.blob], picture.name, { type: "image/png" })], "");
    picture.saved = !skipped.length;
    toast(skipped.length ? skipped[0].detail : say("create.saved"));
  } catch (error) {
    toast(problemWords(error));
  }
  panel.refresh();
}
