/** Which conversation is open, and what is kept of it. */
import { keepBlob, keepOnly } from "../core/blobs.js";
import { send } from "../core/events.js";
import { say } from "../core/i18n.js";
import { toast } from "../core/toast.js";
import { remainAtNew } from "./address.js";
import { forget, keepConversation, keepTurn, listed, pictureKeys, turnsOf } from "./store.js";

const TIDY_AFTER_MS = 5_000; // not while the page still opens
let open = fresh();
const listeners = [];

/** Open what was open last. */
export function startHistory() {
  const last = listed()[0];
  if (last) openConversation(last.id);
  setTimeout(() => keepOnly(pictureKeys()), TIDY_AFTER_MS);
}

/** Call `listener()` whenever the list of conversations changes. */
export function onHistory(listener) {
  listeners.push(listener);
}

/** Id of the open conversation. */
export function openId() {
  return open.id;
}

/** Draw a kept conversation. */
export function openConversation(id) {
  open = listed().find((entry) => entry.id === id) ?? fresh();
  send("show-turns", turnsOf(id));
  changed();
}

/** Whether it is kept. */
export function keepsConversation(id) {
  return listed().some((entry) => entry.id === id);
}

/** Begin an empty one. */
export function newConversation(id = crypto.randomUUID()) {
  open = fresh(id);
  send("show-turns", []);
  changed();
}

/** A function that keeps turns of the conversation that is open now, whatever is opened later. */
export function keeper() {
  const mine = open;
  return (turn) => {
    mine.name ||= nameFor(turn.question);
    const outcome = keepTurn(mine, turn);
    if (outcome !== "kept") toast(say(`history.${outcome}`));
    changed();
  };
}

/** Keep the pictures of a question; if one cannot be, that is said. */
export async function keepPictures(pictures) {
  const kept = await Promise.all(pictures.map(({ key, blob }) => !blob || keepBlob(key, blob)));
  if (!kept.every(Boolean)) toast(say("history.pictures-full"));
}

/** Give a conversation another name. */
export function rename(id, name) {
  const entry = listed().find((each) => each.id === id);
  if (!entry || !name.trim()) return;
  keepConversation({ ...entry, name: name.trim().slice(0, 80) }, turnsOf(id));
  if (id === open.id) open.name = name.trim();
  changed();
}

/** Forget conversations, with a note that can bring them back. */
export function forgetConversations(ids) {
  const gone = forget(ids);
  const wasOpen = ids.includes(open.id) ? open.id : null;
  if (wasOpen) {
    newConversation();
    remainAtNew(open.id);
  }
  changed();
  toast(say("history.forgotten", { count: gone.length }), () => {
    for (const { entry, turns } of gone) keepConversation(entry, turns);
    if (wasOpen) openConversation(wasOpen);
    changed();
  });
}

function nameFor({ text, pictures, like, without }) {
  return (text || pictures[0]?.name || pictures[0]?.captions?.[0] || pictures[0]?.machine_captions?.[0]?.text || like[0]?.captions[0] || without[0] || "").slice(0, 80);
}

function fresh(id = crypto.randomUUID()) {
  return { id, name: "", at: Date.now() };
}

function changed() {
  for (const listener of listeners) listener();
}
