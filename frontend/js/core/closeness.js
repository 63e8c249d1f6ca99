/** How near a picture is to what was asked, in words; numbers are for the details. */
import { say } from "./i18n.js";

const WORDS = ["very", "close", "loose"];

/** "Very close", "Close", "Loosely", or "" where it is far or unknown. */
export function closenessWords(closeness) {
  return WORDS.includes(closeness) ? say(`closeness.${closeness}`) : "";
}
