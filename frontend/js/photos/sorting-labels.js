/** The labels that pictures are sorted into, as chips: written, taken away, or a shipped set. */
import { element, sign } from "../core/dom.js";
import { say } from "../core/i18n.js";

const MOST = 100;
const LONGEST = 200;
let labels = [];
let styles = false; // the shipped set of styles, in place of labels

/** `{labels, set}` as the API takes them. */
export function chosenLabels() {
  return { labels: [...labels], set: styles ? "styles" : null };
}

/** The field and the chips; `changed()` is called when there are others. */
export function labelField(changed) {
  const field = element("input", { type: "text", id: "sort-label", maxlength: LONGEST, placeholder: say("sort.example"), "aria-label": say("sort.label"), autocomplete: "off" });
  const list = element("ul", { class: "sort-labels" });
  field.addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === ",") && field.value.trim()) {
      event.preventDefault();
      take();
    } else if (event.key === "Backspace" && !field.value && labels.length) remove(labels.at(-1));
  });
  field.addEventListener("input", () => field.value.includes(",") && take());

  /** What is written becomes labels, each once. */
  function take() {
    const written = field.value.split(",").map((text) => text.trim().normalize("NFC")).filter(Boolean);
    if (written.length) styles = false;
    labels = [...new Set([...labels, ...written])].slice(0, MOST);
    field.value = "";
    draw();
    changed();
  }

  function remove(label) {
    labels = labels.filter((each) => each !== label);
    draw();
    changed();
    field.focus();
  }

  function chip(text, off) {
    return element("li", { class: "steer" }, element("span", {}, text),
      element("button", { type: "button", class: "off", "aria-label": say("remove", { name: text }), onclick: off }, sign("close")));
  }

  function setStyles(next) {
    styles = next;
    if (styles) labels = [];
    draw();
    changed();
    field.focus();
  }

  function draw() {
    list.replaceChildren(...styles ? [chip(say("sort.styles"), () => setStyles(false))] : labels.map((label) => chip(label, () => remove(label))));
    list.hidden = !list.children.length;
    suggest.hidden = styles;
  }

  const suggest = element("button", { type: "button", class: "quiet", onclick: () => setStyles(true) }, sign("tag"), say("sort.styles"));
  draw();
  return { take, nodes: [element("div", { class: "sort-field" }, field, suggest), list] };
}
