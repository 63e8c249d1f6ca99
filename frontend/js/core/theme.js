/** Dark, light, or as the system has it. */
import { byId, sign } from "./dom.js";
import { onLanguage, say } from "./i18n.js";
import { remember, remembered } from "./settings.js";

export const THEMES = ["system", "light", "dark"];
const system = matchMedia("(prefers-color-scheme: light)");
let theme = remembered("theme", THEMES, "system");

/** Wire the theme button. */
export function startTheme() {
  byId("theme").addEventListener("click", () => chooseTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]));
  system.addEventListener("change", show);
  onLanguage(show);
}

/** What was chosen, "system" included. */
export function chosenTheme() {
  return theme;
}

/** Choose and remember. */
export function chooseTheme(next) {
  theme = next;
  remember("theme", theme);
  show();
}

function show() {
  const light = theme === "light" || (theme === "system" && system.matches);
  document.documentElement.dataset.theme = light ? "light" : "dark";
  const ground = getComputedStyle(document.documentElement).getPropertyValue("--ground");
  document.querySelector("meta[name='theme-color']").content = ground; // the bar of a phone's browser
  byId("theme").replaceChildren(sign(theme));
  const label = say("theme.now", { theme: say(`theme.${theme}`) });
  byId("theme").setAttribute("aria-label", label);
  byId("theme").title = label;
}
