/** Build elements; text is always text, never markup. */

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

/** The element with this id, which index.html promises. */
export function byId(id) {
  return document.getElementById(id);
}

/** Tell people who cannot see it what happened. */
export function announce(text) {
  byId("announce").textContent = text;
}
