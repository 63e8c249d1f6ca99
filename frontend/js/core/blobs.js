/** Question pictures in IndexedDB, by key; where there is none, they last until the page is closed. */

const NAME = "pictures";
const MOST = 1_000;
const YOUNG_MS = 3_600_000; // a question that is still being answered is in no conversation yet
const memory = new Map();
let opening = null;

/** Keep a picture; the oldest go beyond a thousand. False where it lasts only until the page is closed. */
export async function keepBlob(key, blob) {
  memory.set(key, blob);
  try {
    await inStore("readwrite", (store) => store.put({ key, blob, at: Date.now() }));
    const keys = await inStore("readonly", (store) => store.index("at").getAllKeys());
    if (keys.length > MOST) await forgetBlobs(keys.slice(0, keys.length - MOST));
    memory.delete(key);
    return true;
  } catch {
    return false; // private window or full disk: memory has it
  }
}

/** The picture, or null if it is gone. */
export async function blobOf(key) {
  if (memory.has(key)) return memory.get(key);
  try {
    return (await inStore("readonly", (store) => store.get(key)))?.blob ?? null;
  } catch {
    return null;
  }
}

/** Delete what nobody has shown for an hour. */
export async function keepOnly(wanted) {
  try {
    const keys = await inStore("readonly", (store) => store.index("at").getAllKeys(IDBKeyRange.upperBound(Date.now() - YOUNG_MS)));
    await forgetBlobs(keys.filter((key) => !wanted.has(key)));
  } catch {
    // Nothing can be stored here, so nothing is left over.
  }
}

function forgetBlobs(keys) {
  return inStore("readwrite", (store) => keys.map((key) => store.delete(key)).at(-1));
}

async function inStore(mode, use) {
  opening ??= open().catch((error) => { opening = null; throw error; }); // another time there may be room
  const transaction = (await opening).transaction(NAME, mode);
  const request = use(transaction.objectStore(NAME));
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve; // a request that was well may still find the disk full at the end
    transaction.onabort = () => reject(transaction.error);
  });
  return request?.result;
}

function open() {
  const request = indexedDB.open("timanh", 1);
  request.onupgradeneeded = () => request.result.createObjectStore(NAME, { keyPath: "key" }).createIndex("at", "at");
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Show a waiting or kept picture, or one of the gallery; an address made for it is freed once it is drawn. */
export async function showBlob(image, { key, blob, thumbnail }) {
  if (thumbnail) {
    image.src = thumbnail;
    return;
  }
  const found = blob ?? await blobOf(key);
  if (!found) {
    image.classList.add("gone");
    return;
  }
  const url = URL.createObjectURL(found);
  const free = () => URL.revokeObjectURL(url);
  image.addEventListener("load", free, { once: true });
  image.addEventListener("error", free, { once: true });
  image.src = url;
}
