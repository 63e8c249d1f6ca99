/** What the browser kept of earlier days, brought to the shape that the page draws; null for what has none. */
import { newAnswer } from "./turn.js";
import { filterFrom } from "../ask/filter.js";
import { ALPHA, question } from "../ask/question.js";

const STATES = ["done", "stopped", "failed"];
const LAST = 8.64e15; // the last moment that a Date can hold

/** `{id, name, at}` of a conversation. */
export function keptEntry(value) {
  return isText(value?.id) ? { ...value, name: text(value.name), at: moment(value.at) } : null;
}

/** A turn with its question and answer. */
export function keptTurn(value) {
  if (!isText(value?.id) || !isObject(value.question)) return null;
  const kept = keptQuestion(value.question);
  return { id: value.id, at: moment(value.at), question: kept, answer: keptAnswer(value.answer, kept.k) };
}

function keptQuestion(kept) {
  const { alpha, k } = kept;
  return {
    ...question({}), ...kept,
    text: text(kept.text),
    pictures: [
      ...list(kept.pictures).filter((picture) => isText(picture?.key)).map(({ key, name }) => ({ key, name: text(name) })),
      ...pictures(kept.pictures),
    ],
    alpha: alpha >= 0 && alpha <= 1 ? Number(alpha) : ALPHA,
    k: Number.isInteger(k) && k >= 1 && k <= 100 ? k : question({}).k,
    like: pictures(kept.like),
    unlike: pictures(kept.unlike),
    without: list(kept.without).filter(isText),
    where: filterFrom((field) => kept.where?.[field]),
    corrected: isText(kept.corrected) ? kept.corrected : null,
  };
}

function keptAnswer(answer, count) {
  if (!isObject(answer) || !STATES.includes(answer.state)) return { ...newAnswer(count), state: "stopped" };
  return {
    ...newAnswer(count), ...answer,
    understood: isObject(answer.understood) ? answer.understood : null,
    results: pictures(answer.results),
    text: text(answer.text),
    problem: isObject(answer.problem) ? { ...answer.problem, near: list(answer.problem.near).filter(isText) } : {},
  };
}

function pictures(value) {
  return list(value).filter((picture) => [picture?.id, picture?.url, picture?.thumbnail].every(isText)).map((picture) => ({
    ...picture,
    path: text(picture.path),
    captions: list(picture.captions).filter(isText),
    machine_captions: list(picture.machine_captions).filter((caption) => isText(caption?.text)),
    width: picture.width > 0 ? picture.width : 1,
    height: picture.height > 0 ? picture.height : 1,
  }));
}

function list(value) {
  return Array.isArray(value) ? value : [];
}

function text(value) {
  return isText(value) ? value : "";
}

function moment(value) {
  return Math.abs(value) <= LAST ? Number(value) : 0;
}

function isText(value) {
  return typeof value === "string";
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
