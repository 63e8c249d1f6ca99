/** The address holds the search, so that it can be shared and the back button works. */
import { filterFrom } from "../ask/filter.js";
import { fitted } from "../ask/length.js";
import { ALPHA, question } from "../ask/question.js";
import { pushAddress } from "../core/steps.js";
import { changeAddress } from "../core/views.js";

/** Put a turn's search into the address, as a new step; the step remembers the conversation. */
export function showAddress(turn, conversation) {
  pushAddress(addressOf(turn.question), { turn: turn.id, conversation });
}

/** The same for a turn that was changed in its place, perhaps by itself while another view is seen. */
export function keepAddress(turn, conversation) {
  changeAddress("search", addressOf(turn.question), { turn: turn.id, conversation });
}

/** The bare page with a conversation, as a new step; `empty` where there is nothing in it yet. */
export function clearAddress(conversation, empty = false) {
  pushAddress("/", { conversation, empty, chosen: empty });
}

/** The bare page in place of a conversation that is gone. */
export function remainAtNew(conversation) {
  changeAddress("search", "/", { conversation, empty: true, chosen: true });
}

/** Relative address of a search; pictures of the gallery are in it by their ids, others cannot be. */
export function addressOf({ text, corrected, alpha, k, pictures = [], like, unlike, without, asWritten, where = {} }) {
  const fields = new URLSearchParams();
  if (text) fields.set("q", text);
  if (text && alpha !== ALPHA) fields.set("alpha", String(alpha));
  fields.set("k", String(k));
  for (const { id } of pictures) if (id) fields.append("picture", id);
  for (const { id } of like) fields.append("like", id);
  for (const { id } of unlike) fields.append("unlike", id);
  for (const words of without) fields.append("without", words);
  for (const [field, value] of Object.entries(where)) fields.set(field, value);
  if (corrected) fields.set("as", corrected);
  if (asWritten) fields.set("as_written", "1");
  return `/?${fields}`;
}

/** The question that an address holds, with ids in place of pictures; null if there is none. */
export function questionFrom(search) {
  const fields = new URLSearchParams(search);
  const alpha = Number(fields.get("alpha") || ALPHA);
  const k = Number(fields.get("k"));
  const found = question({
    text: fitted(fields.get("q") ?? ""),
    alpha: alpha >= 0 && alpha <= 1 ? alpha : ALPHA,
    ...(Number.isInteger(k) && k >= 1 && k <= 100 ? { k } : {}),
    pictures: fields.getAll("picture").filter(Boolean).slice(0, 5).map(onlyId),
    like: fields.getAll("like").filter(Boolean).slice(0, 5).map(onlyId),
    unlike: fields.getAll("unlike").filter(Boolean).slice(0, 5).map(onlyId),
    without: fields.getAll("without").slice(0, 5).map(fitted),
    where: filterFrom((field) => fields.get(field)),
    corrected: fitted(fields.get("as") ?? "") || null,
    asWritten: fields.get("as_written") === "1",
  });
  return found.text || found.pictures.length || found.like.length ? found : null;
}

function onlyId(id) {
  const url = `/api/images/${encodeURIComponent(id)}`;
  return { id, path: "", captions: [], width: 1, height: 1, url, thumbnail: `${url}/thumbnail` };
}

/** The line of a connection link, `#connect=…`, which is taken out of the address; "" if there is none. */
export function connectionFrom() {
  if (!location.hash.startsWith("#connect=")) return "";
  const line = location.hash.slice(9);
  history.replaceState(history.state, "", location.pathname + location.search); // a key stays in no history
  try {
    return decodeURIComponent(line);
  } catch {
    return line; // cut within a letter: the check says what is wrong
  }
}
