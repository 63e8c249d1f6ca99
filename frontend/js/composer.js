/** The box at the bottom: words, pictures, and how much each counts. */
import { byId, hasKeyboard } from "./dom.js";
import { number, onLanguage, say } from "./i18n.js";
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
    const question = { text, pictures: take(), alpha: Number(byId("alpha").value) };
    words.value = "";
    refresh();
    if (!hasKeyboard()) words.blur(); // a phone's keyboard would cover the answer
    ask(question);
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
  byId("alpha").addEventListener("input", showBalance);
  startPictures((pictures) => {
    pictureCount = pictures.length;
    refresh();
  });
  onLanguage(() => {
    words.placeholder = say("placeholder");
    showBalance();
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
  words.style.height = `${words.scrollHeight}px`; // until its max-height
  const text = words.value.trim();
  byId("balance").hidden = !(text && pictureCount);
  byId("send").disabled = !text && !pictureCount;
}

function showBalance() {
  const share = Number(byId("alpha").value) * 100;
  byId("balance-words").textContent = say("balance.words", { share: number(share) });
  byId("balance-picture").textContent = say("balance.picture", { share: number(100 - share) });
  byId("alpha").setAttribute("aria-valuetext", say("weight", { share: number(share) }));
}
