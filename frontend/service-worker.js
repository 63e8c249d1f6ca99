/** Keeps the page's own files, so that it opens offline, and the small pictures seen last. */

const SHELL = "page";
const SEEN = "pictures";
const MOST_SEEN = 600;
const FILES = [
  "/", "/js/answer/answer.js", "/js/answer/bubble.js", "/js/answer/conversation.js", "/js/answer/justify.js",
  "/js/answer/paging.js", "/js/answer/places.js", "/js/answer/results.js", "/js/answer/search.js",
  "/js/answer/sentence.js", "/js/answer/tiles.js", "/js/answer/translation.js", "/js/answer/welcome.js",
  "/js/ask/balance.js", "/js/ask/chips.js", "/js/ask/composer.js", "/js/ask/filter-row.js", "/js/ask/filter.js",
  "/js/ask/length.js", "/js/ask/menu.js", "/js/ask/picks.js", "/js/ask/pictures.js", "/js/ask/question.js",
  "/js/ask/voice.js", "/js/controller.js", "/js/core/api.js", "/js/core/blobs.js", "/js/core/captions.js",
  "/js/core/closeness.js", "/js/core/dom.js", "/js/core/drop.js", "/js/core/event-stream.js", "/js/core/events.js",
  "/js/core/first-paint.js", "/js/core/folders.js", "/js/core/health.js", "/js/core/i18n.js",
  "/js/core/list-foot.js", "/js/core/markdown.js", "/js/core/offline.js", "/js/core/panel.js",
  "/js/core/problems.js", "/js/core/settings.js", "/js/core/shrink.js", "/js/core/steps.js", "/js/core/tags.js", "/js/core/theme.js",
  "/js/core/toast.js", "/js/core/unshown.js", "/js/core/views.js", "/js/history/address.js", "/js/history/export.js",
  "/js/history/history.js", "/js/history/kept.js", "/js/history/panel.js", "/js/history/share.js",
  "/js/history/store.js", "/js/history/turn.js", "/js/photos/adding.js", "/js/photos/grid.js",
  "/js/photos/library.js", "/js/photos/list.js", "/js/photos/selecting.js", "/js/photos/selection.js", "/js/photos/sorting-columns.js",
  "/js/photos/sorting-labels.js", "/js/photos/sorting.js", "/js/photos/view.js", "/js/picture/about.js",
  "/js/picture/actions.js", "/js/picture/area.js", "/js/picture/lightbox.js", "/js/picture/source.js",
  "/js/picture/stage.js", "/js/picture/verdict.js", "/js/search-steps.js", "/js/settings/connect.js",
  "/js/settings/panel.js", "/css/base.css", "/css/chat.css", "/css/composer.css", "/css/filter.css",
  "/css/fonts.css", "/css/frame.css", "/css/lightbox.css", "/css/panel.css", "/css/photos.css", "/css/results.css",
  "/css/sorting.css",
  "/i18n/en.json", "/i18n/vi.json", "/script.js", "/favicon.svg", "/icons/icon-192.png", "/manifest.webmanifest",
  "/node_modules/marked/lib/marked.esm.js", "/node_modules/dompurify/dist/purify.min.js",
  "/node_modules/swiper/swiper.min.mjs", "/node_modules/swiper/shared/swiper-core.min.mjs",
  "/node_modules/swiper/shared/utils.min.mjs", "/node_modules/swiper/modules/zoom.min.mjs",
  "/node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
  "/node_modules/@fontsource-variable/inter/files/inter-vietnamese-wght-normal.woff2",
  "/js/ask/creating.js", "/js/ask/describing.js", "/js/picture/api.js", "/js/picture/correct.js", "/js/picture/describe.js", "/js/picture/translate.js", "/js/picture/weights.js", "/js/picture/why.js",
  "/js/posts/ai-line.js", "/js/posts/api.js", "/js/posts/card.js", "/js/posts/drafts.js", "/js/posts/editor-pictures.js", "/js/posts/editor.js", "/js/posts/feed.js",
  "/js/posts/find.js", "/js/posts/live.js", "/js/posts/picture.js", "/js/posts/tile.js", "/js/posts/view.js", "/css/posts.css",
];
const VIEWS = ["/photos", "/posts"]; // the same page at other addresses

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(FILES)));
});

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (pathname.endsWith("/thumbnail")) event.respondWith(seen(request));
  else if (!pathname.startsWith("/api/") && pathname !== "/health" && !pathname.startsWith("/docs")) event.respondWith(newest(request, pathname));
});

/** The newest file while there is a backend, else the kept one. */
async function newest(request, address) {
  const pathname = VIEWS.includes(address) ? "/" : address;
  const cache = await caches.open(SHELL);
  try {
    const answer = await fetch(request);
    if (answer.ok && FILES.includes(pathname)) await cache.put(pathname, answer.clone());
    return answer;
  } catch {
    return (await cache.match(pathname)) ?? Response.error();
  }
}

/** A small picture from the backend while there is one, else as it was seen last. */
async function seen(request) {
  const cache = await caches.open(SEEN);
  try {
    const answer = await fetch(request);
    if (answer.ok) await remember(cache, request, answer.clone());
    return answer;
  } catch {
    return (await cache.match(request)) ?? Response.error();
  }
}

async function remember(cache, request, answer) {
  await cache.put(request, answer);
  const kept = await cache.keys();
  await Promise.all(kept.slice(0, Math.max(0, kept.length - MOST_SEEN)).map((old) => cache.delete(old)));
}
