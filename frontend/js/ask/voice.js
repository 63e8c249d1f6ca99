/** Words by voice, where the browser can hear; the button stays hidden where it cannot. */
import { byId } from "../core/dom.js";
import { language, say } from "../core/i18n.js";
import { toast } from "../core/toast.js";

/** `write(text)` gets what was understood, again and again while a person speaks. */
export function startVoice(write) {
  const Recognition = window.SpeechRecognition ?? window.webkitSpeechRecognition;
  const button = byId("voice");
  if (!Recognition) return;
  button.hidden = false;
  let hearing = null;
  button.addEventListener("click", () => {
    if (hearing) return hearing.stop();
    hearing = new Recognition();
    Object.assign(hearing, { lang: language() === "vi" ? "vi-VN" : "en-US", interimResults: true });
    hearing.onresult = ({ results }) => write([...results].map(([best]) => best.transcript).join(""));
    hearing.onerror = ({ error }) => error !== "aborted" && toast(say(`voice.${error}`) ?? say("voice.failed"));
    hearing.onend = () => {
      hearing = null;
      button.setAttribute("aria-pressed", "false");
    };
    button.setAttribute("aria-pressed", "true");
    return hearing.start();
  });
}
