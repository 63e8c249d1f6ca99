/** The one place that knows all parts of the page: it hears what they send, and starts them. */
import { lastQuestion, search, showTurn, showTurns, startConversation } from "./answer/conversation.js";
import { fillWelcome, startWelcome } from "./answer/welcome.js";
import { rewrite, startComposer, write } from "./ask/composer.js";
import { setFilter } from "./ask/filter.js";
import { add } from "./ask/pictures.js";
import { startVoice } from "./ask/voice.js";
import { byId, hasKeyboard } from "./core/dom.js";
import { startDrop } from "./core/drop.js";
import { hear } from "./core/events.js";
import { onHealth, startHealth } from "./core/health.js";
import { language, nextLanguage, onLanguage, say, startLanguage } from "./core/i18n.js";
import { startOffline } from "./core/offline.js";
import { startTheme } from "./core/theme.js";
import { clearAddress, connectionFrom, onBack, questionFrom, remainAt, showAddress } from "./history/address.js";
import { newConversation, startHistory } from "./history/history.js";
import { share } from "./history/share.js";

let gallery = null; // its module, once it was opened

/** Start all parts, then what the address or the last visit left open. */
export async function startPage() {
  hearParts();
  startTheme();
  startConversation();
  startComposer(lastQuestion);
  startWelcome();
  startVoice(write);
  startDrop([
    { target: () => gallery?.dropPlace.target() ?? byId("drop"), when: () => gallery?.dropPlace.when(), take: (files) => gallery.dropPlace.take(files) },
    { target: () => byId("drop"), when: () => true, take: add },
  ]);
  startHeader();
  await startLanguage();
  restore();
  startOffline();
  await startHealth();
  if (hasKeyboard()) byId("words").focus();
}

function hearParts() {
  hear("search", search);
  hear("edit", rewrite);
  hear("share", share);
  hear("show-turns", showTurns);
  hear("turn", ({ turn, fresh }) => (fresh ? showAddress : remainAt)(turn));
  hear("attach", async (file) => {
    await add([file]);
    byId("words").focus();
  });
  hear("open-picture", async ({ pictures, index }) => (await import("./picture/lightbox.js")).openLightbox(pictures, index));
  onHealth(fillWelcome);
}

function startHeader() {
  const opens = (id, open) => byId(id).addEventListener("click", open);
  opens("history", async () => (await import("./history/panel.js")).openHistory());
  opens("settings", async () => (await import("./settings/panel.js")).openSettings());
  opens("connect", async () => (await import("./settings/connect.js")).openConnect());
  opens("filter", async () => (await import("./ask/filter-row.js")).toggleFilter());
  opens("gallery", async () => {
    gallery = await import("./gallery/panel.js");
    gallery.openGallery();
  });
  opens("language", nextLanguage);
  opens("new", () => {
    newConversation();
    clearAddress();
    setFilter({});
    byId("words").focus();
  });
  onLanguage(() => {
    byId("language").textContent = language() === "vi" ? "EN" : "VI";
    byId("language").setAttribute("aria-label", say("language"));
    byId("language").title = say("language");
  });
}

/** The search in the address, the turn that was open, or the connection that a link brought. */
function restore() {
  const shared = questionFrom(location.search);
  if (shared) setFilter(shared.where);
  startHistory();
  if (!(history.state?.turn && showTurn(history.state.turn)) && shared) search(shared, { fresh: false });
  onBack((turn, question) => {
    if (turn && showTurn(turn)) return;
    if (question) search(question, { fresh: false });
    else newConversation();
  });
  const connection = connectionFrom();
  if (connection) import("./settings/connect.js").then(({ openConnect }) => openConnect(connection));
}
