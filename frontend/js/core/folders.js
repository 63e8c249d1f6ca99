/** What folders of the gallery are called. */
import { say } from "./i18n.js";

/** A folder as people call it. */
export function folderName(path) {
  return path === "added" ? say("filter.added") : path;
}
