/** Questions and answers, one after the other; a newer question ends the older. */
import { search } from "./api.js";
import { announce, byId, element, scrollTo, sign } from "./dom.js";
import { look } from "./health.js";
import { language, number, say } from "./i18n.js";
import { justify } from "./justify.js";
import { rendered } from "./markdown.js";
import { resultGrid } from "./results.js";

const COUNT = 10;
let running = null;
let moreLike = () => {};

/** `like(result)` is called when a person wants more like one of the hits. */
export function startConversation(like) {
  moreLike = like;
}

/** Show a question, search, show the answer. */
export async function ask(question) {
  byId("welcome").hidden = true;
  const asked = questionItem(question);
  const place = element("li", { class: "answer" });
  byId("messages").append(asked, place);
  await answerInto(place, question);
}

async function answerInto(place, question) {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  place.replaceChildren(typing());
  showTurn(place);
  try {
    const answer = await search({ ...question, language: language(), k: COUNT }, mine.signal);
    place.replaceChildren(...answerParts(answer));
    place.querySelectorAll(".grid").forEach(justify);
    announce(say("announce.found", { count: answer.results.length }));
  } catch (error) {
    if (error.name === "AbortError") {
      place.replaceChildren(element("p", { class: "stopped" }, say("stopped")));
      return;
    }
    place.replaceChildren(failure(error, () => answerInto(place, question)));
  }
  showTurn(place);
}

/** Bring a question and its answer into view together. */
function showTurn(place) {
  scrollTo(place.previousElementSibling, "start");
}

function questionItem({ text, pictures, alpha }) {
  return element("li", { class: "question" },
    pictures.length
      ? element("div", { class: "sent" }, ...pictures.map((picture) => element("img", { src: picture.url, alt: picture.name })))
      : null,
    text ? element("p", {}, text) : null,
    text && pictures.length ? element("p", { class: "weight" }, say("weight", { share: number(alpha * 100) })) : null,
  );
}

function answerParts(answer) {
  const sentence = element("div", { class: "sentence" });
  sentence.append(rendered(answer.text));
  const took = answer.took_ms?.total;
  return [
    sentence,
    answer.results.length ? resultGrid(answer.results, moreLike) : null,
    took == null ? null : element("p", { class: "took" }, say("took", { ms: number(took) })),
  ].filter(Boolean);
}

function failure(error, again) {
  look();
  const words = say(`error.${error.code}`) ?? (error.message || say("error.unknown"));
  announce(words);
  return element("div", { class: "failure" },
    sign("alert"),
    element("p", {}, words),
    element("button", { type: "button", class: "primary", onclick: again }, say("again")),
  );
}

function typing() {
  return element("p", { class: "typing", role: "img", "aria-label": say("searching") },
    element("span"), element("span"), element("span"));
}
