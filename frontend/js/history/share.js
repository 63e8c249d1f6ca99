/** The address of a search, for somebody else. */
import { isQuestion } from "../ask/question.js";
import { say } from "../core/i18n.js";
import { copyText, toast } from "../core/toast.js";
import { addressOf } from "./address.js";

/** Copy it and say what it cannot hold: pictures that are on this device only. */
export function share(question) {
  const ofGallery = question.pictures.filter(({ id }) => id);
  const own = question.pictures.length > ofGallery.length;
  if (!isQuestion({ ...question, pictures: ofGallery })) return toast(say("share.nothing"));
  return copyText(new URL(addressOf(question), location.href).href, say(own ? "share.without-pictures" : "share.copied"));
}
