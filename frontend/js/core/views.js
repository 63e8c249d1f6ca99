/** The views of the page: one is seen at a time, each has an address of its own. */
import { byId, element, sign } from "./dom.js";
import { base, inTurn, onAddress, pushAddress, replaceAddress } from "./steps.js";

let views = [];
let current = null;
const PLACE = "place"; // its name in the tab's storage
const left = new Map(); // path → {address, detail, top, same}: where a person left a view; whether the newest step is there
const modules = new Map(); // name → what `load` gave

/**
 * `list` has `{name, path, title, sign, load, when}`: `load()` gives a module with `enter(place, arrival)` and
 * `leave()`; `when(health)` says whether there is such a view, by default always.
 */
export function startViews(list) {
  views = list;
  byId("views").replaceChildren(...views.map(link));
  left.set(location.pathname, { top: placeBefore() });
  onAddress((address, detail) => leaveAt(viewOf(address), address, detail));
  addEventListener("pagehide", keepPlace);
}

/** Offer the views that what the backend says allows; returns whether the one that is seen is among them. */
export function offerViews(health) {
  for (const { name, when } of views) {
    byId("views").querySelector(`[data-view="${name}"]`).hidden = Boolean(when && !when(health));
  }
  return !current?.when || current.when(health);
}

/** Name of the view that is seen. */
export function currentView() {
  return current?.name;
}

/** Show the view of the address; `detail` is what its step knows. Returns whether it is seen again as it was left. */
export function showView(detail) {
  const view = viewOf(location.pathname);
  const other = current !== view;
  if (other) change(view);
  enter(view, { fields: new URLSearchParams(location.search), detail, other, top: left.get(view.path)?.top ?? 0 });
  return other && left.get(view.path)?.same;
}

/** A view has another address: its step, where it is seen, else once a person comes back to it. */
export function changeAddress(name, address, detail) {
  inTurn(() => {
    const view = views.find((each) => each.name === name);
    if (view === current) replaceAddress(address, detail);
    else leaveAt(view, address, detail);
  });
}

/** Go to a view as a person left it; to the top of it where it is seen already. */
export function goToView(name) {
  inTurn(() => {
    const view = views.find((each) => each.name === name);
    if (view === current) return scrollTo(0, 0);
    const { address = view.path, detail = {} } = left.get(view.path) ?? {};
    pushAddress(address, detail);
    return showView(detail);
  });
}

/** See a view at once; who calls gives it an address afterwards. */
export function bringView(name) {
  const view = views.find((each) => each.name === name);
  if (current !== view) change(view);
}

function change(view) {
  if (current) {
    left.set(current.path, { ...left.get(current.path), top: scrollY });
    placeOf(current).hidden = true;
    modules.get(current.name)?.leave();
  }
  current = view;
  placeOf(view).hidden = false;
  document.body.dataset.view = view.name;
  for (const each of byId("views").children) each.ariaCurrent = each.dataset.view === view.name ? "page" : null;
  scrollTo(0, left.get(view.path)?.top ?? 0);
}

function leaveAt({ path }, address, detail) {
  const before = left.get(path);
  const same = JSON.stringify([before?.address, before?.detail]) === JSON.stringify([address, detail]);
  left.set(path, { ...before, address, detail, same });
}

/**
 * For a reload: what is written into a step of the browser's history while it goes is not there afterwards. A search begins
 * at its newest question: of the older ones fewer are drawn then, so that the same height is another place.
 */
function keepPlace() {
  try {
    if (current?.path === "/") sessionStorage.removeItem(PLACE);
    else sessionStorage.setItem(PLACE, JSON.stringify({ address: base(), top: scrollY }));
  } catch {
    // Forbidden: the page begins at its top.
  }
}

function placeBefore() {
  try {
    const { address, top } = JSON.parse(sessionStorage.getItem(PLACE));
    return address === base() ? Number(top) || 0 : 0;
  } catch {
    return 0; // nothing kept
  }
}

async function enter(view, arrival) {
  if (!view.load) return;
  if (!modules.has(view.name)) modules.set(view.name, await view.load());
  if (current === view) modules.get(view.name).enter(placeOf(view), arrival);
}

function viewOf(address) {
  const path = address.split("?")[0];
  return views.find((view) => view.path === path) ?? views[0];
}

function placeOf({ name }) {
  const id = `${name}-view`;
  if (!byId(id)) byId("main").append(element("section", { id, class: "view" }));
  return byId(id);
}

function link({ name, path, title, sign: drawn, when }) {
  return element("a", {
    href: path, "data-view": name, hidden: Boolean(when),
    onclick: (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return; // for another tab or window
      event.preventDefault();
      goToView(name);
    },
  }, sign(drawn), element("span", { "data-i18n": title }));
}
