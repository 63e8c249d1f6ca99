/**
 * Steps of the browser's history. A step is an address, and the layers that lie over the view there: dialogs, a
 * picture, an area being selected. Going back takes off the topmost layer first. What a step needs to be shown
 * again is in its state: `layers`, and `detail` for the view.
 */

const GIVEN_UP_MS = 800; // a browser that does not go back does not say so
const kinds = new Map(); // name → {close, passing}
let heard = { arrived() {}, open() {} };
let noted = () => {};
let layers = []; // from the lowest up: {name, …}
let under = ""; // the address below the layers, and the view's detail, that were arrived at last
let pending = null; // {address, detail, over}: what the step below the layers is to become once the browser is back there
let waiting = []; // what is to be done once the browser has gone back
let going = 0;

/** `arrived(detail)` is called for another address or detail; `open(layer)` where a step has a layer that is not open. */
export function startSteps({ arrived, open }) {
  heard = { arrived, open };
  history.scrollRestoration = "manual";
  addEventListener("popstate", ({ state }) => {
    arrive(state);
    settle(); // what a person did meanwhile comes after
  });
  const shared = new URLSearchParams(location.search).get("open");
  if (history.state?.layers || !shared) return arrive(history.state);
  // The address of a picture that somebody shared: the view beneath it is a step of its own.
  const address = location.href;
  history.replaceState({ layers: [] }, "", base());
  arrive(history.state);
  return heard.open({ name: "picture", id: shared }, address);
}

/** Call `step()` now, or once the browser has gone back where it is about to. */
export function inTurn(step) {
  if (going) waiting.push(step);
  else step();
}

/** Call `listener(address, detail)` whenever the address below the layers is another. */
export function onAddress(listener) {
  noted = listener;
}

/** A kind of layer: `close()` hides it. After a `passing` one, going back from another address does not lead into it. */
export function layerKind(name, { close, passing = true }) {
  kinds.set(name, { close, passing });
}

/** Note that a layer lies over all now; a step of its own unless the browser has just arrived at it. */
export function openLayer(name, more = {}, address = location.href) {
  if (isOpen(name)) return;
  const layer = { name, ...more };
  inTurn(() => {
    layers = [...layers, layer];
    history.pushState({ ...history.state, layers }, "", address);
  });
}

/** What a layer shows has changed, such as which picture; no step of its own. */
export function changeLayer(name, more, address = location.href) {
  inTurn(() => {
    if (!isOpen(name)) return;
    layers = layers.map((layer) => (layer.name === name ? { name, ...more } : layer));
    history.replaceState({ ...history.state, layers }, "", address);
  });
}

/** A person has closed it: back to the step before it, with all that lies over it. */
export function closeLayer(name) {
  inTurn(() => {
    const place = layers.findIndex((layer) => layer.name === name);
    if (place < 0) return;
    const count = layers.length - place;
    hideTo(place);
    going = setTimeout(settle, GIVEN_UP_MS);
    history.go(-count);
  });
}

/** Close all layers. */
export function closeLayers() {
  if (layers.length) closeLayer(layers[0].name);
}

/** Whether a layer of this name is open. */
export function isOpen(name) {
  return layers.some((layer) => layer.name === name);
}

/** Go on to another address, as a new step; layers are left behind. */
export function pushAddress(address, detail = {}) {
  inTurn(() => {
    const passing = layers.length && kinds.get(layers.at(-1).name)?.passing;
    hideTo(0);
    pending = null;
    history[passing ? "replaceState" : "pushState"]({ detail, layers }, "", address);
    note();
  });
}

/** The same step has another address, or another detail; layers stay. */
export function replaceAddress(address, detail = history.state?.detail) {
  inTurn(() => {
    if (layers.length) pending = { address, detail, over: layers.length };
    replace(address, detail);
  });
}

/** The address without an opened picture. */
export function base(href = location.href) {
  const address = new URL(href, location.href);
  address.searchParams.delete("open");
  return address.pathname + address.search;
}

/** An address with a picture opened over it. */
export function withOpen(id, href = base()) {
  const address = new URL(href, location.href);
  address.searchParams.set("open", id);
  return address.pathname + address.search;
}

function arrive(state) {
  const wanted = state?.layers ?? [];
  let same = 0;
  while (same < wanted.length && JSON.stringify(wanted[same]) === JSON.stringify(layers[same])) same += 1;
  hideTo(same);
  layers = wanted;
  if (wanted.length < pending?.over) replace(pending.address, pending.detail);
  if (!layers.length) pending = null;
  if (underNow() !== under) {
    note();
    heard.arrived(state?.detail ?? {});
  }
  wanted.slice(same).forEach((layer) => heard.open(layer));
}

function replace(address, detail) {
  const open = new URLSearchParams(location.search).get("open");
  history.replaceState({ detail, layers }, "", layers.length && open ? withOpen(open, address) : address);
  note();
}

function note() {
  under = underNow();
  noted(base(), history.state?.detail ?? {});
}

function underNow() {
  return `${base()} ${JSON.stringify(history.state?.detail ?? {})}`;
}

/** Hide all layers from this place up; their steps stay. */
function hideTo(place) {
  const gone = layers.slice(place);
  layers = layers.slice(0, place);
  for (const { name } of gone.reverse()) kinds.get(name)?.close();
}


function settle() {
  clearTimeout(going);
  going = 0;
  while (waiting.length && !going) waiting.shift()();
}
