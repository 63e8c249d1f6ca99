/** Where the large view takes its pictures from: a list that is all there, or one that comes page by page. */

/**
 * A source of pictures that are all there: `count()`, `at(index)`, and `need(index)` until it is there. `words` are those
 * that the pictures were found by, if any.
 */
export function listSource(pictures, words = "") {
  return { count: () => pictures.length, at: (index) => pictures[index], need: async () => {}, words };
}
