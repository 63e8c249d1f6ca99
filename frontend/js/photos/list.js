/** The gallery's pictures by their place, newest first: pages come when they are wanted, and go when they are far. */
import { galleryPage } from "../core/api.js";

const PAGE = 120;
const MOST_PAGES = 24; // 2,880 pictures, about 2 MB
const AT_ONCE = 3;

/**
 * Pictures of one folder, or of all, and with one tag: `where` has `folder` and `tag`. `changed()` is called when something has come; `failed(problem)` when it could
 * not. Returns a source for the large view (`count`, `at`, `need`) with `want`, `find` and `refresh`.
 */
export function photoList(where, { changed, failed }) {
  const pages = new Map(); // number → {images, stale}; the one wanted last comes last
  const coming = new Map(); // number → promise
  let [total, all] = [null, null];

  function at(index) {
    return pages.get(Math.floor(index / PAGE))?.images[index % PAGE];
  }

  /** Have those from `first` to `last` come, and forget those far from them. */
  function want(first, last) {
    for (let number = Math.floor(Math.max(0, first) / PAGE); number <= Math.floor(last / PAGE); number += 1) {
      const page = pages.get(number);
      if (page) {
        pages.delete(number);
        pages.set(number, page);
      }
      if ((!page || page.stale) && coming.size < AT_ONCE) fetchPage(number);
    }
    for (const number of [...pages.keys()].slice(0, Math.max(0, pages.size - MOST_PAGES))) pages.delete(number);
  }

  function fetchPage(number) {
    if (coming.has(number) || (total != null && number * PAGE >= Math.max(1, total))) return coming.get(number);
    const promise = galleryPage({ ...where, offset: number * PAGE, limit: PAGE }).then((page) => take(number, page), (problem) => fail(number, problem))
      .finally(() => coming.delete(number)).then(changed);
    coming.set(number, promise);
    return promise;
  }

  function take(number, page) {
    ({ total } = page);
    all = page.gallery ?? total;
    pages.set(number, { images: page.images, stale: false });
  }

  /** Not tried again before `refresh`, or it would be at once and for ever. */
  function fail(number, problem) {
    if (!pages.has(number)) pages.set(number, { images: [] });
    pages.get(number).stale = false;
    failed(problem);
  }

  return {
    at,
    want,
    count: () => total ?? 0,
    known: () => total != null,
    all: () => all,
    need: (index) => fetchPage(Math.floor(index / PAGE)) ?? Promise.resolve(),
    /** The place of a picture. Throws a Problem where it is not among them. */
    async find(id) {
      const page = await galleryPage({ ...where, around: id, limit: 2 });
      await fetchPage(Math.floor(page.around_offset / PAGE));
      return page.around_offset;
    },
    /** The gallery has changed: what is seen stays until the new pages have come. */
    refresh() {
      for (const page of pages.values()) page.stale = true;
      return fetchPage(0);
    },
  };
}
