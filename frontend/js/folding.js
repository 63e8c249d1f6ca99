/** Pictures that are nearly the same are shown once, the others behind a button. */
import { element } from "./dom.js";
import { number, say } from "./i18n.js";

const SIDE = 16; // cells a side that are compared
const FAR = 24; // of 255: more than saving a JPEG again changes
const SHARE = 0.02; // of the cells may be that far apart

/** Give each result that nearly equals an earlier one that one's id as `twin`. */
export async function markTwins(results) {
  const seen = await Promise.all(results.map(async (result) => ({ result, cells: result.preview ? await cellsOf(result.preview) : null })));
  seen.forEach(({ result, cells }, index) => {
    const first = cells && seen.slice(0, index).find((other) => other.cells && !other.result.twin && alike(cells, other.cells));
    if (first) result.twin = first.result.id;
  });
}

/** Fold `tiles`, one for each result; `lay()` puts the rest in order. */
export function fold(tiles, results, lay) {
  results.forEach(({ id, twin }, index) => {
    tiles[index].hidden = Boolean(twin);
    tiles[index].querySelector(".twins")?.remove();
    const twins = tiles.filter((_, other) => results[other].twin === id);
    if (!twins.length) return;
    const label = say("twins", { count: number(twins.length) });
    tiles[index].append(element("button", {
      type: "button", class: "twins", title: label, "aria-label": `+${number(twins.length)} · ${label}`,
      onclick: ({ currentTarget }) => {
        for (const tile of twins) tile.hidden = false;
        currentTarget.remove();
        lay();
        twins[0].querySelector("button").focus();
      },
    }, `+${number(twins.length)}`));
  });
}

/** Whether two grids of cells show the same: nearly all are near in red, green and blue. */
export function alike(one, other) {
  let far = 0;
  for (let cell = 0; cell < one.length; cell += 4) {
    const apart = Math.max(...[0, 1, 2].map((colour) => Math.abs(one[cell + colour] - other[cell + colour])));
    if (apart > FAR) far += 1;
  }
  return far <= SHARE * (one.length / 4);
}

async function cellsOf(preview) {
  const image = new Image();
  image.src = preview;
  try {
    await image.decode();
  } catch {
    return null;
  }
  const pen = new OffscreenCanvas(SIDE, SIDE).getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(image, 0, 0, SIDE, SIDE);
  return pen.getImageData(0, 0, SIDE, SIDE).data;
}
