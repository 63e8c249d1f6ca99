/** Wires the parts of the page. */
import { clearAddress, onBack, questionFrom } from "./js/address.js";
import { rewrite, startComposer, write } from "./js/composer.js";
import { ask, lastQuestion, showTurn, showTurns, startConversation } from "./js/conversation.js";
import { byId, hasKeyboard } from "./js/dom.js";
import { startDrop } from "./js/drop.js";
import { setFilter } from "./js/filter.js";
import { onHealth, startHealth } from "./js/health.js";
import { newConversation, startHistory } from "./js/history.js";
import { language, nextLanguage, onLanguage, say, startLanguage } from "./js/i18n.js";
import { startOffline } from "./js/offline.js";
import { startActions } from "./js/picture-actions.js";
import { add } from "./js/pictures.js";
import { startTheme } from "./js/theme.js";
import { startVoice } from "./js/voice.js";
import { fillWelcome, startWelcome } from "./js/welcome.js";

let gallery = null;

function opens(id, load) {
  byId(id).addEventListener("click", load);
}

startTheme();
startConversation(rewrite);
startComposer({ ask, last: lastQuestion });
startActions({ ask, attach: async (blob, name) => {
  await add([new File([blob], name, { type: blob.type })]);
  byId("words").focus();
} });
startWelcome(ask);
startVoice(write);
startDrop([
  { target: () => gallery?.dropPlace.target() ?? byId("drop"), when: () => gallery?.dropPlace.when(), take: (files) => gallery.dropPlace.take(files) },
  { target: () => byId("drop"), when: () => true, take: add },
]);
onHealth(fillWelcome);
onLanguage(() => {
  byId("language").textContent = language() === "vi" ? "EN" : "VI";
  byId("language").setAttribute("aria-label", say("language"));
  byId("language").title = say("language");
});
byId("language").addEventListener("click", nextLanguage);
opens("history", async () => (await import("./js/history-panel.js")).openHistory());
opens("settings", async () => (await import("./js/settings-panel.js")).openSettings());
opens("connect", async () => (await import("./js/connect-panel.js")).openConnect());
opens("filter", async () => (await import("./js/filter-row.js")).toggleFilter());
opens("gallery", async () => {
  gallery = await import("./js/gallery-panel.js");
  gallery.openGallery();
});
byId("new").addEventListener("click", () => {
  newConversation();
  clearAddress();
  setFilter({});
  byId("words").focus();
});

await startLanguage();
const shared = questionFrom(location.search);
if (shared) setFilter(shared.where);
startHistory(showTurns);
if (!(history.state?.turn && showTurn(history.state.turn)) && shared) ask(shared, { address: false });
onBack((turn, asked) => {
  if (turn && showTurn(turn)) return;
  if (asked) ask(asked, { address: false });
  else newConversation();
});
if (location.hash.startsWith("#connect=")) {
  const connection = decodeURIComponent(location.hash.slice(9));
  history.replaceState(history.state, "", location.pathname + location.search); // a key stays in no history
  (await import("./js/connect-panel.js")).openConnect(connection);
}
startOffline();
await startHealth();
if (hasKeyboard()) byId("words").focus();
