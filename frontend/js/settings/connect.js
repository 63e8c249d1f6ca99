/** Which API is searched, and how to reach another: paste the line that the notebook printed. */
import { checkConnection, connect, disconnect } from "../core/api.js";
import { element } from "../core/dom.js";
import { current, look, onHealth, connectionProblem } from "../core/health.js";
import { dateTime, number, say } from "../core/i18n.js";
import { makePanel } from "../core/panel.js";
import { problemWords } from "../core/problems.js";
import { toast } from "../core/toast.js";

const panel = makePanel({ kind: "connect", title: "connect", content });
let given = "";
let checked = null;
let problem = null;
// What is being typed stays.
onHealth(() => panel.body.querySelector(".facts")?.replaceWith(state()));

/** Show it, with a connection to look at if a link brought one. */
export async function openConnect(connection = "") {
  [given, checked, problem] = [connection, null, null];
  panel.open();
  if (connection) await check();
}

function content() {
  return [state(), checked ? confirmation() : entry(), problem && element("p", { class: "notice", role: "alert" }, problemWords(problem))].filter(Boolean);
}

function state() {
  const { upstream, model, images } = current() ?? {};
  return element("dl", { class: "facts" },
    ...fact("connect.where", upstream?.host ?? upstream?.url),
    ...fact("connect.state", connectionProblem() || say("connect.ok", { count: number(images ?? 0), model: model ?? "" })),
    ...fact("connect.since", upstream?.since && dateTime(upstream.since * 1_000)),
    ...(upstream?.source === "kept" ? [element("dd", {}, element("button", { type: "button", class: "quiet danger", onclick: () => change(disconnect) }, say("connect.forget")))] : []),
  );
}

function fact(key, value) {
  return value ? [element("dt", {}, say(key)), element("dd", {}, value)] : [];
}

function entry() {
  const input = element("input", { type: "text", id: "connection", value: given, spellcheck: "false", placeholder: say("connect.example") });
  return element("form", {
    onsubmit: (event) => {
      event.preventDefault();
      given = input.value.trim();
      check();
    },
  }, element("label", { for: "connection" }, say("connect.paste")), input,
  element("button", { type: "submit", class: "primary" }, say("connect.check")));
}

function confirmation() {
  const { host, health } = checked;
  return element("div", { class: "sure" },
    element("p", {}, say("connect.sure", { host, count: number(health.images), model: health.model })),
    element("button", { type: "button", class: "primary", onclick: () => change(() => connect(given)) }, say("connect.use")),
    element("button", { type: "button", class: "quiet", onclick: () => { checked = null; panel.refresh(); } }, say("cancel")),
  );
}

async function check() {
  [checked, problem] = [null, null];
  try {
    checked = await checkConnection(given);
  } catch (error) {
    problem = error;
  }
  panel.refresh();
}

async function change(act) {
  problem = null;
  try {
    await act();
    given = "";
    checked = null;
    toast(say("connect.changed"));
    await look();
  } catch (error) {
    problem = error;
  }
  panel.refresh();
}
