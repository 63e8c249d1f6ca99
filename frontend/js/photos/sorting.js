/** Photos into columns by labels that a person writes: corrected by hand, kept as tags, or taken along as a table. */
import { announce, element, sign } from "../core/dom.js";
import { send } from "../core/events.js";
import { folderName } from "../core/folders.js";
import { current } from "../core/health.js";
import { language, number, say } from "../core/i18n.js";
import { makePanel } from "../core/panel.js";
import { problemWords } from "../core/problems.js";
import { saveTags, sortPictures } from "../core/tags.js";
import { toast } from "../core/toast.js";
import { startColumns } from "./sorting-columns.js";
import { chosenLabels, labelField } from "./sorting-labels.js";

const PAGE = 100;
const SURE = 0.5; // less likely ones are unsure
const SAVED_AT_ONCE = 1_000;

let scope = { ids: null, folder: "" };
let found = null; // {labels, none, entries, columns, total, done, saved, wanted, next, problem}
let stop = null;
const panel = makePanel({ kind: "sorting", title: "sort.title", content, closed: end });

/** Sort the pictures of a folder and with a tag, or those with these ids. */
export function openSorting(wanted = { ids: null, folder: "" }) {
  // What a person corrected and has not saved is there again.
  if (found && (found.saved || JSON.stringify(wanted) !== JSON.stringify(scope))) found = null;
  scope = wanted;
  panel.open();
  document.getElementById("sort-label")?.focus();
}

function content() {
  const form = element("form", { class: "sort-form" });
  const labels = labelField(() => {});
  form.append(element("p", { class: "muted" }, what()), ...labels.nodes,
    element("button", { type: "submit", class: "primary" }, sign("tag"), say("sort.start")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    labels.take();
    start();
  });
  const place = element("div", { id: "sorted", class: "sorted" });
  if (found) setTimeout(show); // the language has changed
  return [form, place];
}

function what() {
  if (scope.ids) return say("sort.selected", { count: number(scope.ids.length) });
  const which = scope.folder ? say("sort.folder", { folder: folderName(scope.folder) }) : say("sort.all");
  return scope.tag ? `${which} · ${say("filter.is.tag", { value: scope.tag })}` : which;
}

/** Page after page, until all are there. */
async function start() {
  const wanted = chosenLabels();
  if (!wanted.labels.length && !wanted.set) return toast(say("sort.nothing"));
  found = null;
  document.getElementById("sorted")?.replaceChildren(); // the columns of before belong to nothing
  return goOn({ ...wanted, ...scope, language: wanted.set ? language() : null, limit: PAGE });
}

/** From the page that is wanted next, the first one where nothing was found yet. */
async function goOn(wanted) {
  stop?.abort();
  const mine = stop = new AbortController();
  if (found) found.problem = null;
  drawFoot();
  try {
    for (let offset = found?.next ?? 0; offset != null; offset = found.next) {
      const page = await sortPictures({ ...wanted, offset }, mine.signal);
      if (mine.signal.aborted) return;
      if (!found) {
        found = { labels: page.labels.filter((label) => label !== page.none), none: page.none, entries: [], total: page.total, done: 0, saved: true, wanted, problem: null };
        show();
      }
      found.next = page.next;
      take(page);
    }
    announce(progressWords());
  } catch (problem) {
    if (problem.name === "AbortError") return;
    if (found) found.problem = problem;
    else document.getElementById("sorted")?.replaceChildren(failure(problem));
  }
  if (stop === mine) stop = null;
  drawFoot();
}

function take({ images, labels, none }) {
  const fresh = images.map((picture) => {
    const tag = labels.findIndex((label) => label !== none && picture.tags?.includes(label)); // a person has said so before
    const guess = picture.label === none ? "none" : picture.probability < SURE ? "unsure" : `label-${labels.indexOf(picture.label)}`;
    return { picture, label: picture.label, probability: picture.probability, byHand: tag >= 0, key: tag >= 0 ? `label-${tag}` : guess };
  });
  found.entries.push(...fresh);
  found.done += fresh.length;
  found.columns.add(fresh);
  drawFoot();
}

function show() {
  const names = [...found.labels.map((label, index) => [`label-${index}`, label]), ["unsure", say("sort.unsure")], ["none", say("sort.none")]];
  const columns = element("div", { class: "sort-columns", tabindex: "0", role: "group", "aria-label": say("sort.title") });
  document.getElementById("sorted").replaceChildren(element("p", { class: "muted sort-hint" }, say("sort.hint")), columns, element("div", { class: "panel-foot sort-foot", id: "sort-foot" }));
  found.columns = startColumns(columns, names, () => {
    found.saved = false;
    drawFoot();
  });
  for (const entry of found.entries) entry.tile = null;
  found.columns.add(found.entries);
  drawFoot();
}

function failure(problem) {
  return element("div", { class: "failure" }, sign("alert"), element("p", {}, problem.code === "bad-query" ? problem.message : problemWords({ ...problem, message: problem.message })));
}

function progressWords() {
  return stop ? say("sort.going", { done: number(found.done), total: number(found.total) }) : say("sort.done", { count: number(found.done) });
}

function drawFoot() {
  const foot = document.getElementById("sort-foot");
  if (!foot || !found) return;
  const going = Boolean(stop) && found.done < found.total;
  foot.replaceChildren(...[
    found.problem ? failure(found.problem) : null,
    !stop && found.next != null ? element("button", { type: "button", class: "quiet", id: "sort-again", onclick: () => goOn(found.wanted) }, say("again")) : null,
    element("p", {}, progressWords()),
    going ? element("progress", { max: found.total, value: found.done, "aria-label": progressWords() }) : null,
    going || current()?.read_only ? null : element("button", { type: "button", class: "primary", id: "sort-save", onclick: save }, sign("tag"), say("sort.save")),
    element("button", { type: "button", class: "quiet", id: "sort-csv", onclick: download }, sign("download"), say("sort.csv")),
  ].filter(Boolean));
}

/** Pictures in a column of a label get it as a tag; the others lose those of these labels that they had. */
async function save() {
  const { labels } = found;
  const chosen = found.columns.entries().map(({ picture, key }) => [picture.id, key.startsWith("label-") ? [labels[Number(key.slice(6))]] : []]);
  try {
    for (let start = 0; start < chosen.length; start += SAVED_AT_ONCE) {
      await saveTags(labels, Object.fromEntries(chosen.slice(start, start + SAVED_AT_ONCE)));
    }
    found.saved = true;
    toast(say("sort.saved", { count: number(chosen.filter(([, tags]) => tags.length).length) }));
    send("gallery-changed");
  } catch (problem) {
    toast(problemWords(problem));
  }
}

/** A table as `timanh classify` writes it, with what a person corrected. */
function download() {
  const { labels } = found;
  const rows = found.columns.entries().map(({ picture, key, label, probability, byHand }) => {
    const chosen = key.startsWith("label-") ? labels[Number(key.slice(6))] : key === "unsure" ? "unsure" : "none of these";
    return [picture.path, chosen, label, probability, byHand ? "yes" : ""];
  });
  const text = [["path", "label", "suggested", "probability", "corrected"], ...rows].map((row) => row.map(cell).join(",")).join("\r\n");
  const url = URL.createObjectURL(new Blob(["\ufeff", text, "\r\n"], { type: "text/csv" }));
  element("a", { href: url, download: "labels.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Quoted where it must be; what a spreadsheet would take for a formula is not. */
function cell(value) {
  const text = /^[=+\-@\t\r]/.test(String(value)) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function end() {
  stop?.abort();
  stop = null;
}
