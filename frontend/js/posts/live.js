/** What changes in posts, as it changes. */
import { postEvents } from "./api.js";

const AGAIN_MS = 3_000;

/** `changed(id)` is called for a post, `ai()` when the AI service comes or goes. Returns what ends it. */
export function listenToPosts({ changed, ai }) {
  const ended = new AbortController();
  listen(ended.signal, changed, ai);
  return ended;
}

async function listen(signal, changed, ai) {
  while (!signal.aborted) {
    try {
      for await (const [kind, data] of postEvents(signal)) {
        if (signal.aborted) return;
        if (kind === "post" || kind === "image") changed(data.post);
        else ai();
      }
    } catch {
      // The backend is away; it is tried again below.
    }
    await new Promise((done) => { setTimeout(done, AGAIN_MS); });
  }
}
