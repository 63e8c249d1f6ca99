/** Wires the parts of the page. */
import { pictureBlob } from "./js/api.js";
import { captionOf } from "./js/captions.js";
import { startComposer, write } from "./js/composer.js";
import { ask, startConversation } from "./js/conversation.js";
import { byId, hasKeyboard } from "./js/dom.js";
import { onHealth, startHealth } from "./js/health.js";
import { language, nextLanguage, onLanguage, say, startLanguage } from "./js/i18n.js";
import { startLightbox } from "./js/lightbox.js";
import { startTheme } from "./js/theme.js";
import { fillWelcome, startWelcome } from "./js/welcome.js";

async function like(picture) {
  const blob = await pictureBlob(picture.url).catch(() => null);
  if (!blob) return write(captionOf(picture));
  const name = picture.path.split("/").pop();
  return ask({ text: "", pictures: [{ blob, name, url: URL.createObjectURL(blob) }], alpha: 0.6 });
}

startTheme();
startComposer(ask);
startConversation(like);
startLightbox();
startWelcome({ ask: (text) => ask({ text, pictures: [], alpha: 0.6 }), like });
onHealth(fillWelcome);
onLanguage(() => {
  byId("language").textContent = language() === "vi" ? "EN" : "VI";
  byId("language").setAttribute("aria-label", say("language"));
  byId("language").title = say("language");
});
byId("language").addEventListener("click", nextLanguage);
await startLanguage();
await startHealth();
if (hasKeyboard()) byId("words").focus();
