/** Build elements; text is always text, never markup. */

const SIGNS = document.querySelector(".signs").namespaceURI;
const drawn = new Map(); // signs by name: a copy is quicker than a new one

/** `element("a", {class: "x", href: "…", onclick: f}, "text", child)`; null children are left out. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

/** One of the drawn signs of index.html, by name. */
export function sign(name) {
  if (!drawn.has(name)) drawn.set(name, drawSign(name));
  return drawn.get(name).cloneNode(true);
}

function drawSign(name) {
  const svg = document.createElementNS(SIGNS, "svg");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SIGNS, "use");
  use.setAttribute("href", `#sign-${name}`);
  svg.append(use);
  return svg;
}

/** The element with this id, which index.html promises. */
export function byId(id) {
  return document.getElementById(id);
}

/** Tell people who cannot see it what happened. */
export function announce(text) {
  // Emptied first: the same sentence twice would otherwise be heard once.
  byId("announce").textContent = "";
  setTimeout(() => { byId("announce").textContent = text; }, 50);
}

/** Scroll so that `target` is in view, at once where motion is unwanted. */
export function scrollTo(target, block, smooth = true) {
  target.scrollIntoView({ block, behavior: smooth && moves() ? "smooth" : "instant" });
}

/** Whether a person has nothing against motion. */
export function moves() {
  return !matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Whether this is a device with a keyboard rather than one that would pop one up. */
export function hasKeyboard() {
  return matchMedia("(hover: hover) and (pointer: fine)").matches;
}
