/** Failures in words. */
import { folderName } from "./folders.js";
import { say } from "./i18n.js";

/** In the language of the page where it knows the code, else as the backend put it. */
export function problemWords({ code, detail, message, folder = "" }) {
  return say(`error.${code}`, { folder: folderName(folder) }) ?? (detail || message || say("error.unknown"));
}
