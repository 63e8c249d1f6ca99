/** What changes in posts, as it changes. */
import { postEvents } from "./api.js";

const AGAIN_MS = 3_000;

/** `changed(id)` is called for a post, `ai()` when the AI service comes or goes, `missed()` where it may be unknown what
    changed. Returns what ends it. */
export function listenToPosts(calls) {
  const ended = new AbortController();
  listen(ended.signal, calls);
  return ended;
}

async function listen(signal, { changed, ai, missed }) {
  for (let first = true; !signal.aborted; first = false) {
    try {
      let begun = first;
      for await (const [kind, data] of postEvents(signal)) {
        if (signal.aborted) return;
        if (!begun || kind === "missed") missed();
        begun = true;
        if (kind === "post" || kind === "image") changed(data.post);
        else ai();
      }
    } catch {
      // The backend is away; it is tried again below.
    }
    await new Promise((done) => { setTimeout(done, AGAIN_MS); });
  }
}
