/** Language, theme and number of pictures, in one place. */
import { element } from "../core/dom.js";
import { current } from "../core/health.js";
import { language, LANGUAGES, say, switchLanguage } from "../core/i18n.js";
import { makePanel } from "../core/panel.js";
import { COUNTS, remember, resultCount } from "../core/settings.js";
import { chooseTheme, chosenTheme, THEMES } from "../core/theme.js";

const panel = makePanel({ kind: "settings", title: "settings", content });

/** Show it. */
export function openSettings() {
  panel.open();
}

function content() {
  return [
    choice("language.choose", LANGUAGES.map((each) => [each, say(`language.${each}`)]), language(), switchLanguage),
    choice("theme.choose", THEMES.map((each) => [each, say(`theme.${each}`)]), chosenTheme(), chooseTheme),
    choice("count.choose", COUNTS.map((each) => [each, each]), String(resultCount()), (count) => remember("count", count)),
    element("p", { class: "muted keys" }, say("keys")),
    ...whyNoPosts(),
  ];
}

/** Why there are no posts, in the backend's words. */
function whyNoPosts() {
  const { posts, posts_reason: reason } = current() ?? {};
  return posts === false && reason ? [element("p", { class: "failure", id: "no-posts" }, say("posts.unusable", { reason }))] : [];
}

function choice(name, options, chosen, choose) {
  return element("fieldset", {},
    element("legend", {}, say(name)),
    element("div", { class: "segments" }, ...options.map(([value, label]) => element("label", {},
      element("input", { type: "radio", name, value, checked: value === chosen, onchange: () => choose(value) }),
      element("span", {}, label)))),
  );
}
