/** Where the large view takes its pictures from: a list that is all there, or one that comes as it is wanted. */
import { pictureInfo } from "../core/api.js";
import { problemWords } from "../core/problems.js";
import { toast } from "../core/toast.js";

/**
 * A source of pictures that are all there: `count()`, `at(index)`, and `need(index)` until it is there. `words` are those
 * that the pictures were found by, if any.
 */
export function listSource(pictures, words = "") {
  return { count: () => pictures.length, at: (index) => pictures[index], need: async () => {}, words };
}

/** A picture that is there and, after it, others by their ids: what is known of each is asked for once it is wanted. */
export function sourceByIds(first, ids, words) {
  const known = [first];
  const need = async (index) => {
    try {
      known[index] ??= await pictureInfo(ids[index - 1]);
    } catch (problem) {
      toast(problemWords(problem));
    }
  };
  return { count: () => ids.length + 1, at: (index) => known[index], need, words };
}
