/** Failures in words. */
import { say } from "./i18n.js";

/** In the language of the page where it knows the code, else as the backend put it. */
export function problemWords({ code, detail, message }) {
  return say(`error.${code}`) ?? (detail || message || say("error.unknown"));
}
