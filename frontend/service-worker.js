/** Keeps the page's own files, so that it opens offline, and the small pictures seen last. */

const SHELL = "page";
const SEEN = "pictures";
const MOST_SEEN = 600;
const FILES = [
  "/", "/script.js", "/favicon.svg", "/manifest.webmanifest", "/icons/icon-192.png", "/i18n/en.json", "/i18n/vi.json",
  ...["base", "chat", "composer", "fonts", "lightbox", "panel", "results"].map((name) => `/css/${name}.css`),
  ...["address", "answer", "api", "asking", "blobs", "captions", "composer", "connect-panel", "conversation", "crop",
    "dom", "drop", "events", "exclude", "export", "first-paint", "gallery-panel", "health", "history",
    "history-panel", "i18n", "justify", "lightbox", "markdown", "offline", "panel", "picks", "picture-actions",
    "pictures", "problems", "question", "results", "sentence", "settings", "settings-panel", "sheets", "shrink",
    "store", "theme", "toast", "translation", "turn", "voice", "welcome"].map((name) => `/js/${name}.js`),
  "/node_modules/marked/lib/marked.esm.js", "/node_modules/dompurify/dist/purify.min.js",
  "/node_modules/swiper/swiper.min.mjs", "/node_modules/swiper/shared/swiper-core.min.mjs",
  "/node_modules/swiper/shared/utils.min.mjs", "/node_modules/swiper/modules/keyboard.min.mjs",
  "/node_modules/swiper/modules/zoom.min.mjs",
  ...["latin", "vietnamese"].map((range) => `/node_modules/@fontsource-variable/inter/files/inter-${range}-wght-normal.woff2`),
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
