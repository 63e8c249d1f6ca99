/** Words for what should not be in the picture, taken out of a sentence. */

const END = String.raw`(?=$|[,.;!?\n]|\s(?:but|without|nhưng|không có|ngoại trừ)\s)`;
const ARTICLE = String.raw`(?:any\s+|an?\s+|the\s+|bất kỳ\s+)?`;
const PHRASE = new RegExp(String.raw`(?<=^|[\s,])(?:(?:and|but|và|nhưng)\s+)?(?:without|không có|không kèm|ngoại trừ)\s+${ARTICLE}(\S.*?)${END}`, "giu");
const MINUS = /(?<=^|\s)-(?:"([^"]+)"|([\p{L}\p{N}][^\s,;]*))/gu;

/** `{text, without: […]}` of "a man without a hat", "người đàn ông không có mũ", "man -hat". */
export function splitExcluded(sentence) {
  const without = [];
  const take = (words) => {
    without.push(words.trim());
    return " ";
  };
  const text = sentence.normalize("NFC")
    .replace(MINUS, (_, quoted, word) => take(quoted ?? word))
    .replace(PHRASE, (_, words) => take(words));
  if (!without.length) return { text: sentence.trim(), without };
  return { text: text.replace(/\s+/g, " ").replace(/^[\s,;]+|[\s,;]+$/g, ""), without };
}
