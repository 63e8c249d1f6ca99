/** Rows of equal height in which every picture keeps its shape. */

let known = null; // room, target and gap: of all lists the same, so measured once and not once a list
const lists = new WeakMap(); // a list → {lay, room it was laid out in}

/**
 * Rows for pictures of these `ratios` (width / height): `[{count, height}]`. In `room` pixels with `gap`
 * between pictures each row is as near to `target` pixels high as whole pictures allow. A last row that
 * is not full takes the height of the row above it.
 */
export function rowsOf(ratios, { room, target, gap }) {
  const rows = [];
  const heightOf = (sum, count) => (room - gap * (count - 1)) / sum;
  const off = (sum, count) => Math.abs(heightOf(sum, count) - target);
  for (let at = 0; at < ratios.length;) {
    let [count, sum] = [1, ratios[at]];
    while (at + count < ratios.length && off(sum + ratios[at + count], count + 1) < off(sum, count)) {
      sum += ratios[at + count];
      count += 1;
    }
    at += count;
    const filling = heightOf(sum, count);
    const open = at === ratios.length && filling > target; // it lacks pictures, and does not grow to fill the room
    rows.push({ count, height: open ? Math.min(filling, rows.at(-1)?.height ?? target) : filling });
  }
  return rows;
}

const resized = new ResizeObserver((entries) => {
  for (const { target, contentRect: { width } } of entries) {
    if (!width) continue; // no longer shown
    if (width !== known?.room) known = measured(target);
    if (lists.get(target).room !== known.room) lists.get(target).lay();
  }
});

/** Call `lay()` whenever another width of `list` asks for other rows. */
export function onRoom(list, lay) {
  lists.set(list, { lay, room: 0 });
  resized.observe(list);
}

/** `{room, target, gap}` for `list`, which is laid out by them now. */
export function roomOf(list) {
  known ??= measured(list);
  lists.get(list).room = known.room;
  return known;
}

function measured(list) {
  const style = getComputedStyle(list);
  const { width } = list.getBoundingClientRect();
  const target = Number.parseFloat(style.getPropertyValue("--row")) * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  return { room: width, target: Math.min(target, width * 0.48), gap: Number.parseFloat(style.columnGap) };
}
