/** A question with its answer: what is kept, searched and shown again. */

export const MOST_RESULTS = 1_000; // of one answer; beyond that other words find better

/** A turn that has no answer yet. */
export function newTurn(question) {
  return { id: crypto.randomUUID(), at: Date.now(), question, answer: null };
}

/** An answer to a question for `count` pictures, of which nothing has come yet. */
export function newAnswer(count) {
  return { state: "asking", asked: count, understood: null, results: [], ended: false, text: "", language: "", weak: null, considered: null, gallery: null, took: null, problem: null };
}

/** Whether an answer came of words that say only what should not be there. */
export function onlyExcludes({ understood }) {
  return Boolean(understood?.excluded?.length && !understood.wanted);
}
