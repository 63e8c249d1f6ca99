/** The line in the header: what is searched, and whether it is there. */
import { health } from "./api.js";
import { byId } from "./dom.js";
import { number, onLanguage, say } from "./i18n.js";

const EVERY_MS = 20_000;
const SOON_MS = 3_000;
let last = null;
let timer = 0;
const recovered = [];

/** Look now and every 20 seconds, sooner while something is wrong. */
export function startHealth() {
  onLanguage(show);
  return look();
}

/** Look again at once, after a failure. */
export function look() {
  clearTimeout(timer);
  return health().then(
    (found) => take(found),
    (problem) => take({ status: "down", upstream: { code: problem.code } }),
  );
}

/** Call `listener` when the API is there, at first or again. */
export function onRecovered(listener) {
  recovered.push(listener);
}

function take(found) {
  const was = last?.status;
  last = found;
  show();
  timer = setTimeout(look, found.status === "ok" ? EVERY_MS : SOON_MS);
  if (found.status === "ok" && was !== "ok") for (const listener of recovered) listener();
}

function show() {
  if (!last) return;
  const ok = last.status === "ok";
  byId("health").dataset.state = ok ? "ok" : "down";
  byId("health-text").textContent = ok
    ? say("health.ok", { count: number(last.images), model: last.model })
    : say("health.down");
  byId("health").title = ok ? "" : (say(`error.${last.upstream?.code}`) ?? last.upstream?.detail ?? "");
}
