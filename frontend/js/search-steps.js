/** What the search view shows at a step of the browser's history. */
import { lastQuestion, search, showTurn } from "./answer/conversation.js";
import { setFilter } from "./ask/filter.js";
import { replaceAddress } from "./core/steps.js";
import { questionFrom } from "./history/address.js";
import { keepsConversation, newConversation, openConversation, openId } from "./history/history.js";

let started = false;

/** Show the turn or conversation that the step remembers, else search for what its address says. */
export function arriveAtSearch({ turn, conversation, empty }) {
  const asked = questionFrom(location.search);
  if (!started && asked) setFilter(asked.where);
  started = true;
  if (turn && showTurn(turn)) return undefined;
  if (conversation && conversation !== openId() && keepsConversation(conversation)) {
    openConversation(conversation);
    if (turn) showTurn(turn);
    return undefined;
  }
  if (asked) return search(asked, { fresh: false });
  if (empty && lastQuestion()) newConversation();
  else if (!conversation) replaceAddress("/", { conversation: openId(), empty: !lastQuestion() });
  return undefined;
}
