/** Dark, light, or as the system has it. */
import { byId } from "./dom.js";
import { onLanguage, say } from "./i18n.js";

const THEMES = ["dark", "light", "system"];
const SIGNS = { dark: "☾", light: "☀", system: "◐" };
const system = matchMedia("(prefers-color-scheme: light)");

/** Wire the theme button. */
export function startTheme() {
  byId("theme").addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(chosen()) + 1) % THEMES.length];
    localStorage.setItem("theme", next);
    show();
  });
  system.addEventListener("change", show);
  onLanguage(show);
}

function chosen() {
  const stored = localStorage.getItem("theme");
  return THEMES.includes(stored) ? stored : "dark";
}

function show() {
  const theme = chosen();
  const light = theme === "light" || (theme === "system" && system.matches);
  document.documentElement.dataset.theme = light ? "light" : "dark";
  byId("theme").textContent = SIGNS[theme];
  const label = say(`theme.${theme}`);
  byId("theme").setAttribute("aria-label", label);
  byId("theme").title = label;
}
