/** Pictures that are nearly the same are shown once, the others behind a button. */
import { element } from "./dom.js";
import { number, say } from "./i18n.js";

const SIDE = 16; // cells a side that are compared
const FAR = 24; // of 255: more than saving a JPEG again changes
const AT_ONCE = 8; // pictures
const SHARE = 0.02; // of the cells may be that far apart
const pen = new OffscreenCanvas(SIDE, SIDE).getContext("2d", { willReadFrequently: true });
const cells = new WeakMap(); // of a result; null where there is nothing to compare

/** Give each result that nearly equals an earlier one that one's id as `twin`; done before is not done again. */
export async function markTwins(results) {
  const fresh = results.filter((result) => !cells.has(result));
  for (let at = 0; at < fresh.length; at += AT_ONCE) { // a frame has room for few
    await Promise.all(fresh.slice(at, at + AT_ONCE).map(async (result) => cells.set(result, result.preview ? await cellsOf(result.preview) : null)));
  }
  for (const result of fresh) {
    const own = cells.get(result);
    const earlier = own && results.slice(0, results.indexOf(result));
    const first = earlier?.find((other) => cells.get(other) && !other.twin && alike(own, cells.get(other)));
    if (first) result.twin = first.id;
  }
}

/** `{fold, button}` for `tiles` of `results`. */
export function startFolding(results, tiles) {
  const opened = new Set();
  let twins = new Map();

  /** Hide what is shown already, and offer it at the one that is shown. */
  function fold() {
    twins = Map.groupBy(results.keys(), (index) => results[index].twin ?? "");
    results.forEach(({ id, twin }, index) => {
      const tile = tiles.at(index);
      tile.hidden = Boolean(twin) && !opened.has(twin);
      if (!twins.has(id) || !tile.firstChild) return;
      tile.querySelector(".twins")?.remove();
      tile.append(...button(id));
    });
  }

  function open(id) {
    opened.add(id);
    fold();
    tiles.lay();
    const first = tiles.at(twins.get(id)[0]);
    tiles.fill(first);
    first.querySelector("button").focus();
  }

  /** The button for those like picture `id`, if there are any hidden. */
  function button(id) {
    const count = twins.get(id)?.length;
    if (!count || opened.has(id)) return [];
    const label = say("twins", { count: number(count) });
    return [element("button", {
      type: "button", class: "twins", title: label, "aria-label": `+${number(count)} · ${label}`, onclick: () => open(id),
    }, `+${number(count)}`)];
  }

  return { fold, button };
}

/** Whether two grids of cells show the same: nearly all are near in red, green and blue. */
function alike(one, other) {
  const most = SHARE * (one.length / 4);
  let far = 0;
  for (let cell = 0; cell < one.length && far <= most; cell += 4) {
    const apart = Math.max(
      Math.abs(one[cell] - other[cell]), Math.abs(one[cell + 1] - other[cell + 1]), Math.abs(one[cell + 2] - other[cell + 2]));
    if (apart > FAR) far += 1;
  }
  return far <= most;
}

async function cellsOf(preview) {
  const image = new Image();
  image.src = preview;
  try {
    await image.decode();
  } catch {
    return null;
  }
  pen.imageSmoothingQuality = "high";
  pen.clearRect(0, 0, SIDE, SIDE);
  pen.drawImage(image, 0, 0, SIDE, SIDE);
  return pen.getImageData(0, 0, SIDE, SIDE).data;
}
