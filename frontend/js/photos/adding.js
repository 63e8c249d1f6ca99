/** Photos on their way into the gallery, as they are: how far it is, what was left out, and where they lie. */
import { addPictures } from "../core/api.js";
import { announce, byId, element, sign } from "../core/dom.js";
import { look } from "../core/health.js";
import { number, onLanguage, say } from "../core/i18n.js";
import { problemWords } from "../core/problems.js";

const AT_ONCE = 5;
const MOST_BYTES = 24_000_000; // of one request; the backend takes 25 MB
const TRIES = 8; // an API that was killed is there again within seconds
const PAUSE_MS = 2_500;
const PICTURE = /\.(jpe?g|jpe|jfif|png|webp|gif|bmp|tiff?|avif|heic|heif|jp2|ppm)$/i;

let changed = () => {};
let state = null; // of the adding that goes on, or has just ended

/** `onChange()` is called whenever some have been added. */
export function startAdding(onChange) {
  changed = onChange;
  onLanguage(draw);
  addEventListener("beforeunload", (event) => state?.going && event.preventDefault());
}

/** Add files to a folder of the gallery; what is being added already, to whichever folder, goes first. */
export async function addFiles(files, folder) {
  const [fit, unfit] = sorted([...files]);
  const waiting = fit.map((file) => ({ file, folder }));
  if (state?.going) {
    state.waiting.push(...waiting);
    state.total += fit.length;
    state.skipped.push(...unfit);
    return draw();
  }
  if (!fit.length && !unfit.length) return undefined;
  state = { waiting, total: fit.length, done: 0, added: 0, known: 0, skipped: unfit, places: new Set(), problem: null, going: true, stop: new AbortController() };
  draw();
  await send();
  return undefined;
}

async function send() {
  const mine = state;
  for (let tries = 0; mine.waiting.length && !mine.stop.signal.aborted;) {
    const some = batch(mine.waiting);
    try {
      const { added, known, place, skipped = [] } = await addPictures(some.map(({ file }) => file), some[0].folder, mine.stop.signal);
      take(mine, some, { added, known, place, skipped });
      tries = 0;
    } catch (problem) {
      if (mine.stop.signal.aborted) break;
      if (again(problem) && (tries += 1) < TRIES) {
        await new Promise((done) => setTimeout(done, PAUSE_MS));
        look();
      } else if (again(problem)) {
        mine.problem = problem;
        break;
      } else if (some.length > 1) mine.single = true; // which of them it was
      else take(mine, some, { added: 0, known: 0, skipped: [{ name: some[0].file.name, code: problem.code, detail: problem.message }] });
    }
    draw();
  }
  mine.going = false;
  announce(words());
  draw();
  changed();
  look();
}

function take(mine, some, { added, known, place, skipped }) {
  mine.waiting.splice(0, some.length);
  mine.done += some.length;
  mine.added += added;
  mine.known += known;
  mine.skipped.push(...skipped);
  if (added && place) mine.places.add(place);
  mine.single = false;
  if (mine.done % 25 < some.length) changed();
}

/** Whether it may go well another time: nothing is wrong with these files. */
function again({ code, status }) {
  return status >= 502 || status === 429 || status === 409 || code === "backend-down" || code === "upstream-broken";
}

function batch(waiting) {
  if (state.single) return waiting.slice(0, 1);
  let [count, bytes] = [0, 0];
  while (count < Math.min(AT_ONCE, waiting.length) && waiting[count].folder === waiting[0].folder && (!count || bytes + waiting[count].file.size <= MOST_BYTES)) {
    bytes += waiting[count].file.size;
    count += 1;
  }
  return waiting.slice(0, count);
}

function sorted(files) {
  const isPicture = ({ type, name }) => (type.startsWith("image/") && type !== "image/svg+xml") || PICTURE.test(name);
  return [files.filter(isPicture), files.filter((file) => !isPicture(file)).map(({ name }) => ({ name, code: "refused.kind" }))];
}

function words() {
  const { added, known, places, waiting, problem, total, done } = state;
  if (state.going) return say("adding.going", { done: number(done), total: number(total) });
  return [
    added ? say(places.size ? "adding.added" : "adding.added-nowhere", { count: number(added), place: [...places].join(", ") }) : known ? "" : say("adding.none"),
    known ? say("adding.known", { count: number(known) }) : "",
    waiting.length ? say("adding.left", { count: number(waiting.length) }) : "",
    problem ? problemWords(problem) : "",
  ].filter(Boolean).join(" ");
}

function draw() {
  const place = byId("adding");
  if (!place || !state) return;
  place.replaceChildren(element("section", { class: "adding", "aria-label": say("photos.add") },
    element("div", { class: "adding-line" },
      element("p", {}, words()),
      state.going ? button("adding.stop", "quiet", () => state.stop.abort())
        : element("button", { type: "button", class: "quiet icon", "aria-label": say("close"), onclick: dismiss }, sign("close"))),
    ...state.going ? [element("progress", { max: state.total, value: state.done, "aria-label": words() })] : [],
    ...!state.going && state.waiting.length ? [button("adding.again", "primary", resume)] : [],
    ...state.skipped.length ? [left(state.skipped)] : []));
}

function left(skipped) {
  return element("details", { class: "skipped", open: skipped.length <= 5 },
    element("summary", {}, say("adding.skipped", { count: number(skipped.length) })),
    element("ul", {}, ...skipped.map(({ name, code, detail }) => element("li", {},
      say(code, { name }) ?? say("adding.why", { name, why: problemWords({ code, detail }) })))));
}

function button(key, kind, onclick) {
  return element("button", { type: "button", class: kind, onclick }, say(key));
}

function resume() {
  Object.assign(state, { going: true, problem: null, stop: new AbortController() });
  draw();
  send();
}

function dismiss() {
  state = null;
  byId("adding").replaceChildren();
}
