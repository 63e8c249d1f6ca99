/** An answer as it comes: what was understood, the pictures one by one, the sentence, the timings. */
import { announce, element, sign } from "./dom.js";
import { fold } from "./folding.js";
import { language, number, say } from "./i18n.js";
import { justify } from "./justify.js";
import { rendered } from "./markdown.js";
import { problemWords } from "./problems.js";
import { emptyTile, hitTile } from "./results.js";
import { sentenceOf } from "./sentence.js";
import { copyText } from "./toast.js";
import { translation } from "./translation.js";

/**
 * A view of `turn.answer` in `place`. `act` has `stop()`, `again(changes)`, `more()` and `most`, the
 * number beyond which there is no more. Returns `{understood, hit, finish}` for what comes in.
 */
export function answerView(place, turn, act) {
  const top = element("div", { class: "told" });
  const grid = element("ul", { class: "grid" });
  const end = element("div", { class: "ending" });
  const { answer } = turn;
  const lay = justify(grid);
  let waiting = 0;

  function understood() {
    const said = answer.understood;
    const first = answer.state === "asking" ? waitingLine(act.stop) : sentence(turn);
    top.replaceChildren(...[first, said && translation(said, act.again), weak(answer)].filter(Boolean));
  }

  function hit(result) {
    const tile = hitTile(answer.results, answer.results.indexOf(result));
    const place = grid.querySelector(".waiting");
    if (place) place.replaceWith(tile);
    else grid.append(tile);
    waiting ||= requestAnimationFrame(() => { waiting = 0; lay(); });
  }

  function finish() {
    for (const place of grid.querySelectorAll(".waiting")) place.remove();
    understood();
    fold([...grid.children], answer.results, lay);
    lay();
    end.replaceChildren(...endingParts(turn, act));
  }

  grid.append(...answer.results.map((_, index) => hitTile(answer.results, index)));
  place.replaceChildren(top, grid, end);
  if (answer.state !== "asking") finish();
  else {
    for (let rank = answer.results.length; rank < answer.asked; rank += 1) grid.append(emptyTile());
    understood();
    lay();
  }
  return { understood, hit, finish };
}

/** Say aloud how it ended. */
export function announceAnswer({ state, results, problem }) {
  if (state === "done") announce(say("announce.found", { count: number(results.length) }));
  if (state === "failed") announce(problemWords(problem));
}

function sentence(turn) {
  if (turn.answer.state !== "done") return null;
  const { text, language: written } = turn.answer;
  const box = element("div", { class: "sentence" });
  // A kept answer in the other language is told anew.
  box.append(rendered(text && written === language() ? text : sentenceOf(turn)));
  return box;
}

function weak(answer) {
  return answer.weak && answer.state === "done"
    ? element("p", { class: "weak" }, sign("alert"), element("span", {}, say("weak"))) : null;
}

function endingParts(turn, act) {
  const { answer } = turn;
  if (answer.state === "failed") return [failure(answer.problem, act.again)];
  if (answer.state === "stopped") {
    return [element("p", { class: "stopped" }, say(answer.newer ? "stopped" : "stopped.asked")),
      element("button", { type: "button", class: "quiet", onclick: () => act.again({}) }, say("again"))];
  }
  const more = answer.results.length && answer.results.length === answer.asked && answer.asked < act.most;
  const took = answer.took?.total;
  return [
    more ? element("button", { type: "button", class: "quiet more", onclick: act.more }, sign("more"), say("more")) : null,
    took == null ? null : element("p", { class: "took" }, say("took", { ms: number(took) })),
    element("button", {
      type: "button", class: "quiet icon", title: say("copy.answer"), "aria-label": say("copy.answer"),
      onclick: (event) => copyText(event.target.closest(".answer").querySelector(".sentence").innerText),
    }, sign("copy")),
  ].filter(Boolean);
}

function failure(problem, again) {
  return element("div", { class: "failure" },
    sign("alert"),
    element("p", {}, problemWords(problem), element("small", { class: "muted" }, [problem.status, problem.code].filter(Boolean).join(" · "))),
    element("button", { type: "button", class: "primary", onclick: () => again({}) }, say("again")),
  );
}

function waitingLine(stop) {
  return element("div", { class: "waiting-line" },
    element("p", { class: "typing", role: "img", "aria-label": say("searching") },
      element("span"), element("span"), element("span")),
    element("button", { type: "button", class: "quiet stop", onclick: stop }, sign("stop"), say("stop")));
}
