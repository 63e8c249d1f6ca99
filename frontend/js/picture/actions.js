/** What can be done with a picture of the gallery, wherever it is shown. */
import { brief, question } from "../ask/question.js";
import { deletePicture, restorePicture } from "../core/api.js";
import { send } from "../core/events.js";
import { current, look } from "../core/health.js";
import { say } from "../core/i18n.js";
import { problemWords } from "../core/problems.js";
import { closeLayer } from "../core/steps.js";
import { toast } from "../core/toast.js";
import { DESCRIBE } from "./describe.js";
import { WHY } from "./why.js";

/**
 * The actions in the panel of a large picture; rooms above add theirs. `word` names a button, `when(picture)` says
 * whether there is one, `act(picture, panel)` does it; `panel.section(name)` is a place in the panel to write in.
 */
export const ACTIONS = [
  WHY,
  { name: "similar", sign: "similar", word: "find-similar", act: findSimilar },
  { name: "area", sign: "crop", word: "area", act: () => send("select-area") },
  DESCRIBE,
  { name: "words", sign: "words", word: "add-words", act: addWords },
  { name: "delete", sign: "trash", word: "delete", when: ({ added }) => added && !current()?.read_only, act: deleteIt },
];

/** Search for pictures like this one. */
export function findSimilar(picture) {
  send("search", question({ pictures: [brief(picture)] }));
}

/** The file's name without its folders. */
export function nameOf({ path }) {
  return path.split("/").pop();
}

/** The folder that it lies in; "" for the gallery itself. */
export function folderOf({ path, folder }) {
  return folder ?? path.split("/").slice(0, -1).join("/");
}

function addWords(picture) {
  closeLayer("picture");
  send("take-picture", picture);
}

async function deleteIt(picture) {
  try {
    await deletePicture(picture.id);
    closeLayer("picture");
    toast(say("deleted", { name: nameOf(picture) }), () => restore(picture));
    send("gallery-changed");
    look();
  } catch (problem) {
    toast(problemWords(problem));
  }
}

async function restore(picture) {
  try {
    await restorePicture(picture.id);
    toast(say("restored", { name: nameOf(picture) }));
  } catch (problem) {
    toast(problemWords(problem));
  }
  send("gallery-changed");
  look();
}
