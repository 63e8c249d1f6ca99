/** The one place that knows all parts of the page: it hears what they send, and starts them. */
import { lastQuestion, repeatFailed, resultsWith, search, showTurns, startConversation } from "./answer/conversation.js";
import { fillWelcome, showWelcome, startWelcome } from "./answer/welcome.js";
import { refreshComposer, rewrite, startComposer, write } from "./ask/composer.js";
import { setFilter } from "./ask/filter.js";
import { add, addFromGallery } from "./ask/pictures.js";
import { startVoice } from "./ask/voice.js";
import { pictureInfo } from "./core/api.js";
import { byId, hasKeyboard } from "./core/dom.js";
import { startDrop } from "./core/drop.js";
import { listenTo } from "./core/events.js";
import { current, onHealth, startHealth } from "./core/health.js";
import { language, nextLanguage, onLanguage, say, startLanguage } from "./core/i18n.js";
import { startOffline } from "./core/offline.js";
import { problemWords } from "./core/problems.js";
import { base, closeLayers, startSteps } from "./core/steps.js";
import { startTheme } from "./core/theme.js";
import { toast } from "./core/toast.js";
import { bringView, currentView, goToView, offerViews, showView, startViews } from "./core/views.js";
import { clearAddress, connectionFrom, keepAddress, showAddress } from "./history/address.js";
import { newConversation, openConversation, openId, startHistory } from "./history/history.js";
import { share } from "./history/share.js";
import { listSource } from "./picture/source.js";
import { arriveAtSearch } from "./search-steps.js";

let photos = null; // its module, once it was seen
let posts = null;
const VIEWS = [
  { name: "search", path: "/", title: "view.search", sign: "search" },
  { name: "photos", path: "/photos", title: "view.photos", sign: "gallery", load: async () => (photos = await import("./photos/view.js")) },
  { name: "posts", path: "/posts", title: "view.posts", sign: "posts", load: async () => (posts = await import("./posts/view.js")), when: (health) => health?.posts === true },
];
// By the names that steps of the browser's history remember.
const DIALOGS = {
  history: async () => (await import("./history/panel.js")).openHistory(),
  settings: async () => (await import("./settings/panel.js")).openSettings(),
  connect: async () => (await import("./settings/connect.js")).openConnect(),
  library: async () => (await import("./photos/library.js")).openLibrary(),
  create: async () => openCreate(),
  picture: ({ id }) => openPicture(id),
  sorting: async (scope) => (await import("./photos/sorting.js")).openSorting(scope),
};

/** Start all parts, then what the address or the last visit left open. */
export async function startPage() {
  startViews(VIEWS);
  listenToParts();
  startTheme();
  startConversation();
  startComposer(lastQuestion);
  startWelcome();
  startVoice(write);
  startDrop([
    { target: () => photos?.dropPlace.target(), when: () => currentView() === "photos" && photos?.dropPlace.when(), take: (files) => photos.dropPlace.take(files) },
    { target: () => posts?.dropPlace.target(), when: () => currentView() === "posts" && Boolean(posts), take: (files) => posts.dropPlace.take(files) },
    { target: () => byId("drop"), when: () => true, take: add },
  ]);
  startHeader();
  await startLanguage();
  const connection = connectionFrom();
  startHistory();
  startSteps({ arrived, open: ({ name, ...layer }) => DIALOGS[name]?.(layer) });
  if (connection) import("./settings/connect.js").then(({ openConnect }) => openConnect(connection));
  startOffline();
  await startHealth();
  if (hasKeyboard() && currentView() === "search" && !document.querySelector("dialog[open]")) byId("words").focus();
}

function listenToParts() {
  listenTo("search", (question) => {
    bringView("search");
    search(question);
  });
  listenTo("edit", rewrite);
  listenTo("share", share);
  listenTo("show-turns", (turns) => {
    showTurns(turns);
    refreshComposer();
  });
  listenTo("welcome", showWelcome);
  listenTo("new-search", startNewSearch);
  listenTo("open-conversation", (id) => {
    bringView("search");
    openConversation(id);
    clearAddress(id);
  });
  listenTo("turn", ({ turn, fresh }) => (fresh ? showAddress : keepAddress)(turn, openId()));
  listenTo("take-picture", (picture) => {
    goToView("search");
    addFromGallery(picture);
    byId("words").focus();
  });
  listenTo("open-filter", async () => (await import("./ask/filter-row.js")).openFilter());
  listenTo("open-library", DIALOGS.library);
  listenTo("create", openCreate);
  listenTo("sort-pictures", DIALOGS.sorting);
  listenTo("open-picture", async ({ source, index }) => (await import("./picture/lightbox.js")).openLightbox(source, index));
  onHealth((ok) => {
    fillWelcome(ok);
    if (ok) repeatFailed();
    leaveView();
  });
  document.addEventListener("close", () => setTimeout(leaveView), true); // of a dialog; once it is closed in all
}

/** Where the view that is seen is not offered any more, go; but never while a dialog is open, in which a person may write. */
function leaveView() {
  if (current() && !offerViews(current()) && !document.querySelector("dialog[open]")) goToView("search");
}

function startHeader() {
  const opens = (id, open) => byId(id).addEventListener("click", open);
  for (const name of ["history", "settings", "connect"]) opens(name, DIALOGS[name]);
  opens("language", nextLanguage);
  opens("skip", (event) => {
    event.preventDefault(); // no step of the browser's history
    byId(currentView() === "search" ? "words" : "main").focus();
  });
  opens("new", startNewSearch);
  opens("home", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return; // for another tab or window
    event.preventDefault();
    startNewSearch();
  });
  onLanguage(() => {
    byId("language").textContent = language() === "vi" ? "EN" : "VI";
    byId("language").setAttribute("aria-label", say("language"));
    byId("language").title = say("language");
  });
}

/** The dialog in which pictures are made, with words to begin with. */
async function openCreate(words) {
  (await import("./ask/creating.js")).openCreate(words);
}

/** A new search: nothing of the one before stays. */
function startNewSearch() {
  bringView("search");
  if (lastQuestion() || base() !== "/") {
    newConversation();
    clearAddress(openId(), true);
  } else closeLayers();
  setFilter({});
  scrollTo(0, 0);
  byId("words").focus();
}

/** The browser is at another address, or at its first. */
function arrived(detail) {
  const asLeft = showView(detail);
  if (currentView() === "search") arriveAtSearch(detail, asLeft);
}

/** A picture that the address names: among the results or photos that are seen, else by itself. */
async function openPicture(id) {
  const { openLightbox } = await import("./picture/lightbox.js");
  try {
    if (currentView() === "photos") {
      const { source, index } = await (await import("./photos/view.js")).photoAt(id);
      return openLightbox(source, index);
    }
    const found = resultsWith(id, history.state?.detail?.turn);
    return found ? openLightbox(listSource(found.pictures), found.index) : openLightbox(listSource([await pictureInfo(id)]), 0);
  } catch (problem) {
    return toast(problemWords(problem));
  }
}
