/** What the search view shows at a step of the browser's history. */
import { lastQuestion, search, showTurn } from "./answer/conversation.js";
import { setFilter } from "./ask/filter.js";
import { replaceAddress } from "./core/steps.js";
import { questionFrom } from "./history/address.js";
import { keepsConversation, newConversation, openConversation, openId } from "./history/history.js";

let started = false;

/** Show the turn or conversation that the step remembers, else search for what its address says; `asLeft` where nothing is to move. */
export function arriveAtSearch({ turn, conversation, empty, chosen }, asLeft) {
  const linked = questionFrom(location.search);
  const reloaded = !started;
  if (reloaded && linked) setFilter(linked.where);
  started = true;
  if (turn && showTurn(turn, !asLeft)) return undefined;
  if (conversation && conversation !== openId() && keepsConversation(conversation)) {
    openConversation(conversation);
    if (turn) showTurn(turn);
    return undefined;
  }
  if (linked) return search(linked, { fresh: false });
  // A page that was empty when it was opened shows what has been kept meanwhile; a new search stays one.
  if (empty && lastQuestion() && (chosen || !reloaded)) newConversation();
  else if (!conversation) replaceAddress("/", { conversation: openId(), empty: !lastQuestion() });
  return undefined;
}
