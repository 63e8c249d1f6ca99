/** Which photos are selected: one by one, or from the last one to this one with Shift. */
let on = false;
let last = null; // the place of the one chosen last
const chosen = new Map(); // id → picture, in the order of choosing
const listeners = [];

/** Call `listener()` whenever the selection changes. */
export function onSelection(listener) {
  listeners.push(listener);
}

/** Whether photos are being selected. */
export function selecting() {
  return on;
}

/** The selected photos. */
export function selected() {
  return [...chosen.values()];
}

/** Whether a photo is selected. */
export function isSelected({ id }) {
  return chosen.has(id);
}

/** Begin, or end and forget. */
export function setSelecting(next) {
  on = next;
  if (!on) chosen.clear();
  last = null;
  changed();
}

/** Select the photo at a place of `list`, or no longer; with `through`, all from the last one to it. */
export function toggle(list, index, through) {
  on = true;
  const picture = list.at(index);
  if (through && last != null) {
    for (let place = Math.min(last, index); place <= Math.max(last, index); place += 1) {
      const each = list.at(place);
      if (each) chosen.set(each.id, each);
    }
  } else if (!chosen.delete(picture.id)) chosen.set(picture.id, picture);
  last = index;
  changed();
}

function changed() {
  for (const listener of listeners) listener();
}
