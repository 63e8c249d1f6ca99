/** Keeps the page's own files, so that it opens offline, and the small pictures seen last. */

const SHELL = "page";
const SEEN = "pictures";
const MOST_SEEN = 600;
const FILES = [
  "/", "/css/base.css", "/css/chat.css", "/css/composer.css", "/css/filter.css", "/css/fonts.css", "/css/lightbox.css", "/css/panel.css",
  "/css/results.css", "/i18n/en.json", "/i18n/vi.json", "/js/address.js", "/js/answer.js", "/js/api.js",
  "/js/asking.js", "/js/blobs.js", "/js/captions.js", "/js/composer.js", "/js/connect-panel.js",
  "/js/conversation.js", "/js/crop.js", "/js/dom.js", "/js/drop.js", "/js/events.js", "/js/exclude.js",
  "/js/export.js", "/js/filter-row.js", "/js/filter.js",
  "/js/first-paint.js", "/js/folding.js", "/js/gallery-panel.js", "/js/health.js",
  "/js/history-panel.js", "/js/history.js", "/js/i18n.js", "/js/justify.js", "/js/lightbox.js", "/js/list-foot.js",
  "/js/markdown.js", "/js/messages.js", "/js/offline.js", "/js/paging.js", "/js/panel.js", "/js/picks.js",
  "/js/picture-actions.js", "/js/pictures.js", "/js/problems.js", "/js/question.js", "/js/results.js",
  "/js/sentence.js", "/js/settings-panel.js", "/js/settings.js", "/js/share.js", "/js/sheets.js", "/js/shrink.js",
  "/js/store.js", "/js/theme.js", "/js/tiles.js", "/js/toast.js", "/js/translation.js", "/js/turn.js", "/js/voice.js",
  "/js/welcome.js", "/script.js", "/favicon.svg", "/icons/icon-192.png", "/manifest.webmanifest",
  "/node_modules/marked/lib/marked.esm.js", "/node_modules/dompurify/dist/purify.min.js",
  "/node_modules/swiper/swiper.min.mjs", "/node_modules/swiper/shared/swiper-core.min.mjs",
  "/node_modules/swiper/shared/utils.min.mjs", "/node_modules/swiper/modules/keyboard.min.mjs",
  "/node_modules/swiper/modules/zoom.min.mjs",
  "/node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
  "/node_modules/@fontsource-variable/inter/files/inter-vietnamese-wght-normal.woff2",
];

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
async function newest(request, pathname) {
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
