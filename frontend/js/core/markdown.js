/** Markdown to clean nodes: marked writes HTML, DOMPurify takes out all that could act. */
import "/node_modules/dompurify/dist/purify.min.js"; // a third of the module's size; puts itself on globalThis
import { Marked } from "/node_modules/marked/lib/marked.esm.js";

const ALLOWED = {
  ALLOWED_TAGS: ["p", "strong", "em", "ul", "ol", "li", "code", "pre", "blockquote", "br",
    "table", "thead", "tbody", "tr", "th", "td"],
  ALLOWED_ATTR: [],
  RETURN_DOM_FRAGMENT: true,
};
// Markup inside is shown as it was written: no parser, not even DOMPurify's, sees it as markup.
const marked = new Marked({ renderer: { html: ({ text }) => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`) } });

/** A fragment to append. */
export function rendered(markdown) {
  return globalThis.DOMPurify.sanitize(marked.parse(markdown), ALLOWED);
}
