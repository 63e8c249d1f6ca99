/** The slider between words and pictures: the share of the words lies on the side of the words. */
import { element } from "../core/dom.js";
import { number, say } from "../core/i18n.js";

const QUIET_MS = 600; // by keys a person takes several steps, and means the last

/** `done(value)` is called once it is let go, or has rested after a key. */
export function balance(alpha, done) {
  const words = element("span", {});
  const picture = element("span", {});
  const slider = element("input", { type: "range", min: 0, max: 1, step: 0.05, value: alpha, "aria-label": say("balance") });
  let resting = 0;
  const show = () => {
    const share = Number(slider.value) * 100;
    words.textContent = say("balance.words", { share: number(share) });
    picture.textContent = say("balance.picture", { share: number(100 - share) });
    slider.setAttribute("aria-valuetext", say("weight", { share: number(share) }));
  };
  show();
  slider.addEventListener("input", show);
  slider.addEventListener("keydown", ({ key }) => { if (key !== "Tab") resting ||= -1; });
  slider.addEventListener("pointerdown", () => { resting = 0; });
  slider.addEventListener("change", () => {
    clearTimeout(resting);
    resting = resting ? setTimeout(() => done(Number(slider.value)), QUIET_MS) : 0;
    if (!resting) done(Number(slider.value));
  });
  return element("div", { class: "balance" }, words, slider, picture);
}
