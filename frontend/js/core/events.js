/** What components send and the controller hears: they know these kinds, and not each other. */

const bus = new EventTarget();

/** Send `detail` to whoever hears `kind`. */
export function send(kind, detail) {
  bus.dispatchEvent(new CustomEvent(kind, { detail }));
}

/** Call `listener(detail)` whenever `kind` is sent. */
export function listenTo(kind, listener) {
  bus.addEventListener(kind, ({ detail }) => listener(detail));
}
