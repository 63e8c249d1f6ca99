/** Pictures of a post that is being written: added, taken out, moved by buttons or by dragging. */
import { announce, element, sign } from "../core/dom.js";
import { number, say } from "../core/i18n.js";
import { toast } from "../core/toast.js";

/**
 * `removed(picture, place)` is called for one that the post has already. Returns `{node, draw, add, files, ids, placed, follow,
 * putBack, end}`.
 */
export function pictureList(pictures, { most, removed }) {
  let entries = pictures.map(entryOf);
  let dragged = null;
  const list = element("ol", { class: "draft-pictures" });
  const file = element("input", { type: "file", accept: "image/*", multiple: true, hidden: true, id: "post-files", onchange: () => add([...file.files]) });
  const node = element("div", { class: "draft" });

  function draw() {
    file.setAttribute("aria-label", say("posts.add"));
    node.replaceChildren(list, file, element("button", { type: "button", class: "quiet draft-add", onclick: () => file.click() }, sign("picture"), element("span", {}, say("posts.add"))));
    list.replaceChildren(...entries.map(row));
  }

  function row(entry, place) {
    const words = { name: entry.name, place: number(place + 1) };
    return element("li", {
      draggable: "true", "data-place": place,
      ondragstart: () => { dragged = entry; },
      ondragover: (event) => dragged && event.preventDefault(),
      ondrop: (event) => {
        if (!dragged) return;
        event.preventDefault();
        event.stopPropagation();
        move(dragged, entries.indexOf(entry));
        dragged = null;
      },
      ondragend: () => { dragged = null; },
    },
    element("img", { src: entry.src, alt: "", width: 64, height: 64 }),
    element("span", { class: "draft-name" }, entry.name),
    tool("previous", say("posts.earlier", words), place === 0, () => move(entry, place - 1)),
    tool("next", say("posts.later", words), place === entries.length - 1, () => move(entry, place + 1)),
    tool("trash", say("posts.take-out", words), false, () => take(entry)));
  }

  function tool(name, words, disabled, onclick) {
    return element("button", { type: "button", class: "quiet icon", "data-do": name, "aria-label": words, title: words, disabled, onclick }, sign(name));
  }

  function move(entry, to) {
    const by = document.activeElement?.dataset?.do;
    entries = entries.filter((each) => each !== entry);
    entries.splice(to, 0, entry);
    draw();
    const own = list.children[to]?.querySelector(`[data-do="${by}"]:not(:disabled)`) ?? list.children[to]?.querySelector("button:not(:disabled)");
    own?.focus();
    announce(say("posts.moved", { name: entry.name, place: number(to + 1) }));
  }

  function take(entry) {
    const place = entries.indexOf(entry);
    entries = entries.filter((each) => each !== entry);
    if (entry.picture) removed(entry.picture, place);
    else URL.revokeObjectURL(entry.src);
    draw();
    node.querySelector(".draft-add").focus();
  }

  function add(files) {
    const fit = files.filter(({ type, name }) => type.startsWith("image/") || /\.(jpe?g|png|webp|gif|bmp|tiff?|avif)$/i.test(name));
    const room = Math.max(0, most - entries.length);
    if (fit.length > room) toast(say("posts.most", { count: number(most) }));
    entries.push(...fit.slice(0, room).map((one) => ({ file: one, src: URL.createObjectURL(one), name: one.name })));
    file.value = "";
    draw();
  }

  return {
    node, draw, add,
    files: () => entries.filter((entry) => entry.file).map((entry) => entry.file),
    ids: () => entries.filter((entry) => entry.picture).map((entry) => entry.picture.id),
    /** New files are pictures of the post now, in the same order. */
    placed(made) {
      const waiting = entries.filter((entry) => entry.file);
      made.forEach((picture, at) => { if (waiting[at]) Object.assign(waiting[at], { picture, file: null }); });
    },
    /** The post has other pictures by now: those that are gone go, new ones come at the end; the order is theirs unless it
        was `moved` here. */
    follow(now, moved) {
      const ids = new Set(now.map(({ id }) => id));
      entries = entries.filter(({ file: own, picture }) => own || ids.has(picture.id));
      const known = new Map(entries.filter(({ picture }) => picture).map((entry) => [entry.picture.id, entry]));
      if (!moved) {
        const ordered = now.filter(({ id }) => known.has(id)).map(({ id }) => known.get(id));
        entries = entries.map((entry) => (entry.picture ? ordered.shift() : entry));
      }
      entries.push(...now.filter(({ id }) => !known.has(id)).map(entryOf));
      draw();
    },
    putBack(picture, place) {
      if (entries.some((entry) => entry.picture?.id === picture.id)) return;
      entries.splice(place, 0, entryOf(picture));
      draw();
    },
    end: () => entries.forEach((entry) => entry.file && URL.revokeObjectURL(entry.src)),
  };
}

function entryOf(picture) {
  return { picture, src: picture.thumbnail, name: picture.name };
}
