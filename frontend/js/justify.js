/** Rows of equal height in which every picture keeps its shape. */

/**
 * Widths in pixels for pictures of these `ratios` (width / height) in rows of `room` pixels, each
 * row as near to `target` pixels high as whole pictures allow. A last row that is not full takes
 * the height of the row above it.
 */
export function rowWidths(ratios, room, target, gap) {
  const widths = [];
  let start = 0;
  let height = target;
  while (start < ratios.length) {
    let end = start + 1;
    while (end < ratios.length && nearer(ratios.slice(start, end), ratios[end], room, target, gap)) end += 1;
    const row = ratios.slice(start, end);
    const filling = heightOf(row, room, gap);
    // The last row may lack pictures; it does not grow to fill the room.
    height = end === ratios.length && filling > target ? Math.min(filling, start ? height : target) : filling;
    widths.push(...row.map((ratio) => Math.floor(ratio * height * 100) / 100));
    start = end;
  }
  return widths;
}

/**
 * Lay `list` (a ul of li, each with its picture's `data-ratio`) out in rows whenever its width
 * changes. Returns a function to call when pictures were added.
 */
export function justify(list) {
  let room = 0;
  const lay = () => {
    room = list.clientWidth;
    const shown = [...list.children].filter(({ hidden }) => !hidden);
    const style = getComputedStyle(list);
    const target = Number.parseFloat(style.getPropertyValue("--row")) * rem();
    const widths = rowWidths(shown.map(({ dataset }) => Number(dataset.ratio ?? 1)), room, Math.min(target, room * 0.48), Number.parseFloat(style.columnGap));
    widths.forEach((width, index) => {
      const wanted = `${width}px`;
      if (shown[index].style.width !== wanted) shown[index].style.width = wanted; // most stay as they are
    });
  };
  new ResizeObserver(() => {
    if (list.clientWidth !== room) lay(); // else only the height changed, by our own doing
  }).observe(list);
  return lay;
}

function nearer(row, next, room, target, gap) {
  return Math.abs(heightOf([...row, next], room, gap) - target) < Math.abs(heightOf(row, room, gap) - target);
}

function heightOf(row, room, gap) {
  return (room - gap * (row.length - 1)) / row.reduce((sum, ratio) => sum + ratio, 0);
}

function rem() {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
}
