/** What the browser remembers; where it may not (private windows), nothing is lost but that. */

/** How many pictures an answer may have at first. */
export const COUNTS = ["5", "10", "20", "50", "100"];

/** The stored value, or `otherwise` if it is none of `allowed`. */
export function remembered(name, allowed, otherwise) {
  try {
    const stored = localStorage.getItem(name);
    return allowed.includes(stored) ? stored : otherwise;
  } catch {
    return otherwise;
  }
}

/** Store a value for the next visit. */
export function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Storage is full or forbidden: the choice lasts until the page is closed.
  }
}

/** How many pictures a new search asks for. */
export function resultCount() {
  return Number(remembered("count", COUNTS, "10"));
}
