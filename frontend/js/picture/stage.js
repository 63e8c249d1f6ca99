/** The large picture and its neighbours, to swipe and zoom; of a long list only a part is in the page. */
import Zoom from "/node_modules/swiper/modules/zoom.min.mjs";
import Swiper from "/node_modules/swiper/swiper.min.mjs";
import { captionOf } from "../core/captions.js";
import { byId, element, moves } from "../core/dom.js";
import { say } from "../core/i18n.js";

const EACH_SIDE = 50; // places kept on both sides of the one that was opened
const NEAR = 2; // neighbours whose pictures are there

/** Show `source` from place `begin` on; `seen(index)` gets the one in front. Returns what turns, zooms and ends it. */
export function startStage(source, begin, seen) {
  let first = 0; // the place of the first slide
  let now = begin; // the place in front
  let swiper = null;
  lay(begin);

  /** Places around `at`; the swiper starts there. */
  function lay(at) {
    swiper?.destroy(true, false);
    first = Math.max(0, at - EACH_SIDE);
    const last = Math.min(source.count() - 1, at + EACH_SIDE);
    const slides = Array.from({ length: last - first + 1 }, () => element("li", { class: "swiper-slide" }));
    byId("large").replaceChildren(...slides);
    swiper = new Swiper(byId("stage"), {
      modules: [Zoom], initialSlide: at - first, zoom: { maxRatio: 4 },
      rewind: slides.length === source.count(), longSwipesRatio: 0.15, speed: moves() ? 250 : 0, spaceBetween: 24,
      on: { slideChange: ({ activeIndex }) => show(first + activeIndex), slideChangeTransitionEnd: (own) => own === swiper && edge() },
    });
    show(at);
  }

  function show(at) {
    now = at;
    const slides = [...byId("large").children];
    slides.forEach((slide, place) => (Math.abs(first + place - at) <= NEAR ? fill(slide, first + place) : slide.replaceChildren()));
    seen(at);
  }

  async function fill(slide, at) {
    if (slide.firstChild) return;
    if (!source.at(at)) await source.need(at);
    const picture = source.at(at);
    if (!picture || slide.firstChild || !slide.isConnected) return;
    slide.append(element("div", { class: "swiper-zoom-container" }, large(picture)));
    if (at === now) seen(at);
  }

  /** At an end of the places there are, those around it are laid. */
  function edge() {
    const last = first + byId("large").children.length - 1;
    const beyond = (now === first && now > 0) || (now === last && now < source.count() - 1);
    if (beyond) setTimeout(() => swiper.destroyed || lay(now)); // not while it still tells of its end
  }

  return {
    index: () => now,
    /** Go on by one; after the last comes the first. */
    turn(by) {
      const next = (now + by + source.count()) % source.count();
      if (next < first || next >= first + byId("large").children.length) lay(next);
      else swiper.slideTo(next - first);
    },
    zoom: (how) => swiper.zoom[how](),
    /** While a part is selected, fingers and keys do not go on. */
    hold(held) {
      if (held) swiper.zoom.out();
      swiper.allowTouchMove = !held;
      swiper.zoom[held ? "disable" : "enable"]();
    },
    /** The picture in front, or null while it has not come. */
    image: () => byId("large").children[swiper.activeIndex]?.querySelector("img"),
    end() {
      swiper.destroy(true, false);
      byId("large").replaceChildren(); // large pictures need not stay in memory
    },
  };
}

function large(picture) {
  const { url, width, height } = picture;
  const image = element("img", { src: url, alt: captionOf(picture), width, height, draggable: "false", onerror: sayUnseen });
  const place = element("div", { class: "swiper-zoom-target" }, image); // what lies over the picture zooms with it
  place.style.setProperty("--width", `${width}px`);
  place.style.setProperty("--ratio", String(width / height));
  return place;
}

/** In place of a picture that the browser cannot show. */
function sayUnseen({ target }) {
  target.replaceWith(element("p", { class: "unseen", "data-i18n": "picture-unseen" }, say("picture-unseen")));
}
