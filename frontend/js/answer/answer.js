/** An answer as it comes: what was understood, the pictures one by one, the sentence, the timings. */
import { conditions, setFilter, withoutField } from "../ask/filter.js";
import { announce, element, sign } from "../core/dom.js";
import { send } from "../core/events.js";
import { folderName } from "../core/folders.js";
import { creating, current } from "../core/health.js";
import { language, number, say } from "../core/i18n.js";
import { listFoot } from "../core/list-foot.js";
import { rendered } from "../core/markdown.js";
import { problemWords } from "../core/problems.js";
import { copyText } from "../core/toast.js";
import { hitParts } from "./results.js";
import { sentenceOf } from "./sentence.js";
import { startTiles } from "./tiles.js";
import { translation } from "./translation.js";
import { MOST_RESULTS } from "../history/turn.js";

/**
 * A view of `turn.answer` in `place`. `act` has `stop()`, `again(changes)` and `more()`.
 * Returns `{understood, hit, waitForMore, showMore, finish, focusOn, foot}` for what comes in.
 */
export function answerView(place, turn, act) {
  const { answer } = turn;
  const top = element("div", { class: "answer-top" });
  const grid = element("div", { class: "grid", role: "list" });
  const below = element("div", { class: "below" }); // for what belongs to these pictures
  const foot = listFoot(() => act.more(true));
  let ending = foot.node;
  const tiles = startTiles(grid, (index) => hitParts(answer.results, index, turn.question.corrected ?? turn.question.text), (index) => answer.results[index].width / answer.results[index].height);
  let waiting = 0;

  function understood() {
    const said = answer.understood;
    const first = answer.state === "asking" ? waitingLines(act.stop) : answer.state === "done" ? doneLines(turn, act) : [];
    top.replaceChildren(...[...first, said && translation(said, correct)].filter(Boolean));
  }

  /** What the words exclude stays so where others are put in their place. */
  function correct(changes) {
    const without = new Set([...turn.question.without, ...answer.understood.excluded ?? []]);
    act.again({ ...changes, without: [...without] });
  }

  function hit() {
    tiles.add(true);
    waiting ||= requestAnimationFrame(() => { waiting = 0; tiles.lay(); });
  }

  /** Those that `waitForMore` kept places for, and more; they are below what is seen. */
  function showMore() {
    while (tiles.count() < answer.results.length) tiles.add(false);
    finish();
  }

  function focusOn(index) {
    tiles.fill(tiles.at(index));
    tiles.at(index).querySelector("button").focus();
  }

  function waitForMore(count) {
    foot.show("busy");
    tiles.wait(count, "waiting");
    tiles.lay();
  }

  function finish() {
    tiles.cease();
    understood();
    tiles.lay();
    if (answer.state === "done") {
      foot.show(...footState(answer));
      send("answered", { turn, place: below });
    }
    endWith(answer.state === "done" ? foot.node : element("div", { class: "ending" }, ...problemParts(turn, act.again)));
  }

  function endWith(node) {
    ending.replaceWith(node);
    ending = node;
  }

  answer.results.forEach(() => tiles.add(false));
  place.replaceChildren(top, grid, ending, below);
  if (answer.state !== "asking") finish();
  else {
    tiles.wait(answer.asked - answer.results.length, "waiting breathing");
    understood();
    tiles.lay();
  }
  return { understood, hit, waitForMore, showMore, finish, focusOn, foot: foot.node };
}

/** Say aloud how it ended; `more` is how many came to those before. */
export function announceAnswer({ state, results, problem }, more = 0) {
  if (state === "done") announce(more ? say("announce.more", { more: number(more), count: number(results.length) }) : say("announce.found", { count: number(results.length) }));
  if (state === "failed") announce(problemWords(problem));
}

function footState({ results, ended }) {
  const state = results.length >= MOST_RESULTS ? "most" : ended ? "end" : "more";
  return [results.length ? state : "", results.length];
}

function waitingLines(stop) {
  return [
    element("p", { class: "typing", role: "img", "aria-label": say("searching") }, element("span"), element("span"), element("span")),
    element("div", { class: "facts-line" },
      element("button", { type: "button", class: "quiet stop", onclick: stop }, sign("stop"), say("stop"))),
  ];
}

function doneLines(turn, { again }) {
  const { text, language: written, results } = turn.answer;
  const narrow = !results.length && conditions(turn.question.where).length;
  const sentence = element("div", { class: "sentence" });
  // A kept answer in the other language is written again.
  sentence.append(rendered(text && written === language() ? text : sentenceOf(turn)));
  return [turn.answer.weak ? element("div", { class: "weak" }, sign("alert"), sentence) : sentence,
  element("div", { class: "facts-line" },
    iconButton("copy", "copy.answer", () => copyText(sentence.innerText)),
    iconButton("link", "share", () => send("share", turn.question)),
    numbers(turn.answer)),
  narrow ? narrowed({}, say("filter.without"), again, "primary") : null,
  offerCreating(turn)];
}

/** A picture can be made of words that found nothing good. */
function offerCreating({ question: { text }, answer: { weak, results } }) {
  if (!text || !creating() || !(weak || !results.length)) return null;
  if (current().paints_drawings && !current().drawn) return null; // drawn scenes stand in for no photo
  return element("button", { type: "button", class: "quiet", onclick: () => send("create", text) }, sign("create"), element("span", {}, say("create")));
}

/** A button that searches again with another filter. */
function narrowed(where, words, again, kind) {
  return element("button", { type: "button", class: kind, onclick: () => { setFilter(where); again({ where }); } }, words);
}

function iconButton(drawn, key, onclick) {
  return element("button", { type: "button", class: "quiet icon", title: say(key), "aria-label": say(key), onclick }, sign(drawn));
}

/** Milliseconds and cosines, for who wants them. */
function numbers({ took, results }) {
  const [first, last] = [results[0]?.score, results.at(-1)?.score];
  const lines = [
    took?.total == null ? null : element("p", { class: "took" }, say("took", { ms: number(took.total) })),
    first == null ? null : element("p", { class: "cosine" }, say("cosine", { first: number(first, 3), last: number(last, 3) })),
  ].filter(Boolean);
  return lines.length ? element("details", { class: "numbers" }, element("summary", {}, say("details")), ...lines) : null;
}

function problemParts({ question: { where }, answer: { state, problem, newer } }, again) {
  const retry = (kind) => element("button", { type: "button", class: kind, onclick: () => again({}) }, say("again"));
  if (state === "stopped") return [element("p", { class: "stopped" }, say(newer ? "stopped" : "stopped.asked")), retry("quiet")];
  const code = element("small", { class: "muted" }, [problem.status, problem.code].filter(Boolean).join(" · "));
  const instead = problem.code === "unknown-folder" ? otherFolders(where, problem.near ?? [], again) : [retry("primary")];
  return [element("div", { class: "failure" }, sign("alert"), element("p", {}, problemWords(problem), code), ...instead)];
}

function otherFolders(where, near, again) {
  return [
    ...near.map((folder) => narrowed({ ...where, folder }, say("filter.is.folder", { value: folderName(folder) }), again, "quiet")),
    narrowed(withoutField(where ?? {}, "folder"), say("filter.without-folder"), again, "primary"),
  ];
}
