/** The box at the bottom: words, pictures, and how much each counts. */
import { byId } from "./dom.js";
import { onLanguage, say } from "./i18n.js";
import { startPictures, take } from "./pictures.js";

let pictureCount = 0;

/** Wire the form; `ask({text, pictures, alpha})` is called for each question. */
export function startComposer(ask) {
  const words = byId("words");
  const submit = () => {
    const text = words.value.trim();
    if (!text && !pictureCount) {
      words.focus();
      return;
    }
    const pictures = take();
    words.value = "";
    refresh();
    ask({ text, pictures, alpha: Number(byId("alpha").value) });
  };
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  words.addEventListener("keydown", (event) => {
    // While a Vietnamese input method is composing, Enter belongs to it.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    }
  });
  words.addEventListener("input", refresh);
  startPictures((pictures) => {
    pictureCount = pictures.length;
    refresh();
  });
  onLanguage(() => {
    words.placeholder = say("placeholder");
    words.setAttribute("aria-label", say("placeholder"));
    for (const id of ["attach", "send"]) {
      byId(id).setAttribute("aria-label", say(id));
      byId(id).title = say(id);
    }
    byId("alpha").setAttribute("aria-label", say("balance"));
  });
}

/** Put words into the box, for a person to change. */
export function write(text) {
  byId("words").value = text;
  refresh();
  byId("words").focus();
}

function refresh() {
  const words = byId("words");
  words.style.height = "auto";
  words.style.height = `${Math.min(words.scrollHeight, 168)}px`;
  const text = words.value.trim();
  byId("balance").hidden = !(text && pictureCount);
  byId("send").disabled = !text && !pictureCount;
}
