/** The line in the header: what is searched, and whether it is there. */
import { health } from "./api.js";
import { announce, byId } from "./dom.js";
import { send } from "./events.js";
import { number, onLanguage, say } from "./i18n.js";

const EVERY_MS = 20_000;
const SOON_MS = 3_000;
let last = null;
let timer = 0;
let looking = null;
let served = ""; // which API it is whose pictures are shown
const listeners = [];

/** Look now and every 20 seconds, sooner while something is wrong. */
export function startHealth() {
  onLanguage(show);
  return look();
}

/** Look again at once, after a failure. */
export function look() {
  clearTimeout(timer);
  // A failed look says nothing of posts.
  looking ??= health().catch((problem) => ({ status: "down", upstream: problem, posts: last?.posts })).then(take);
  return looking;
}

/** Call `listener(ok)` when the API comes or goes, at first too. */
export function onHealth(listener) {
  listeners.push(listener);
}

/** What the backend said last, or null. */
export function current() {
  return last;
}

/** Whether the API has a captioner, which says what is on a picture. */
export function describing() {
  return last?.status === "ok" && (last.ai?.captions.state ?? "absent") !== "absent";
}

/** Whether the API makes pictures from words. */
export function creating() {
  return last?.status === "ok" && last.generate === true;
}

/** Why nothing can be searched now, in words; empty while all is well. */
export function connectionProblem() {
  if (!last || last.status === "ok") return "";
  const { code, detail, message } = last.upstream ?? {};
  return say(`error.${code}`) ?? detail ?? message ?? say("health.down");
}

function take(found) {
  looking = null;
  const changed = last?.status !== found.status;
  const other = changed || last?.posts !== found.posts;
  const first = !last;
  last = found;
  show();
  if (changed && !first) announce(connectionProblem() || byId("connect").textContent);
  const ok = found.status === "ok";
  timer = setTimeout(look, ok && found.posts_state !== "starting" ? EVERY_MS : SOON_MS);
  if (other) for (const listener of listeners) listener(ok);
  if (ok) noteGallery(`${found.upstream?.url} ${found.model}`);
}

/** Another API has other pictures: whoever shows some hears of it. */
function noteGallery(now) {
  if (served && served !== now) send("other-gallery");
  served = now;
}

function downWords({ code, attempt, attempts }) {
  return code === "restarting" && attempt ? say("health.restarting", { attempt, attempts }) : say("health.down");
}

function show() {
  if (!last) return;
  const ok = last.status === "ok";
  byId("health").dataset.state = ok ? "ok" : "down";
  byId("connect").title = connectionProblem() || say("connect");
  byId("health-text").textContent = ok ? say("health.ok", { count: number(last.images) }) : downWords(last.upstream ?? {});
  byId("health-model").textContent = ok ? last.model : "";
}
