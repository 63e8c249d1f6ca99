/** The list of conversations: open, rename, delete, export. */
import { element, sign } from "../core/dom.js";
import { send } from "../core/events.js";
import { dateTime, number, say } from "../core/i18n.js";
import { makePanel } from "../core/panel.js";
import { exportHistory } from "./export.js";
import { forgetConversations, onHistory, openId, rename } from "./history.js";
import { listed } from "./store.js";

const panel = makePanel({ kind: "history", title: "history", content });
let asking = false;
onHistory(panel.refresh);

/** Show it. */
export function openHistory() {
  asking = false;
  panel.open();
}

function content() {
  const all = listed();
  return [
    button("plus", "history.new", "primary", () => send("new-search")),
    all.length ? element("ul", { class: "conversations" }, ...all.map(item)) : element("p", { class: "empty" }, say("history.empty")),
    all.length ? element("footer", { class: "panel-foot" }, ...(asking ? confirmation(all) : tools())) : null,
  ].filter(Boolean);
}

function tools() {
  return [
    button("download", "history.export", "quiet", exportHistory),
    button("trash", "history.clear", "quiet danger", () => ask(true)),
  ];
}

function confirmation(all) {
  return [
    element("p", {}, say("history.sure", { count: number(all.length) })),
    button("trash", "history.clear", "primary", () => {
      ask(false);
      forgetConversations(all.map(({ id }) => id));
    }),
    button("close", "cancel", "quiet", () => ask(false)),
  ];
}

function ask(whether) {
  asking = whether;
  panel.refresh();
  panel.dialog.querySelector(".panel-foot button, .primary").focus();
}

function item(entry) {
  const name = entry.name || say("history.unnamed");
  const line = element("li", {},
    element("button", {
      type: "button", class: "conversation", "aria-current": entry.id === openId() ? "true" : null,
      onclick: () => send("open-conversation", entry.id),
    }, element("span", {}, name), element("time", { datetime: new Date(entry.at).toISOString() }, dateTime(entry.at))),
    iconButton("edit", say("history.rename", { name }), () => renaming(line, entry)),
    iconButton("trash", say("history.forget", { name }), () => forgetConversations([entry.id])),
  );
  return line;
}

function renaming(line, entry) {
  const input = element("input", { type: "text", maxlength: 80, value: entry.name, "aria-label": say("history.name") });
  const form = element("form", {
    onsubmit: (event) => {
      event.preventDefault();
      rename(entry.id, input.value);
      panel.refresh();
    },
    onkeydown: (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault(); // only the renaming ends, not the panel
      panel.refresh();
    },
  }, input, element("button", { type: "submit", class: "primary" }, say("save")));
  line.replaceChildren(form);
  input.select();
}

function button(drawn, key, kind, onclick) {
  return element("button", { type: "button", class: kind, onclick }, sign(drawn), element("span", {}, say(key)));
}

function iconButton(drawn, label, onclick) {
  return element("button", { type: "button", class: "quiet icon", "aria-label": label, title: label, onclick }, sign(drawn));
}
