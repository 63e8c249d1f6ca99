/** The page opens without a network: a service worker keeps its files and the pictures seen last. */

/** Register it, after everything that a person waits for. */
export function startOffline() {
  navigator.serviceWorker?.register("/service-worker.js").catch(() => {
    // Forbidden or a private window: the page works, but only online.
  });
}
