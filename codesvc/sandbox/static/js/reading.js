// How far each chat has been read in this browser.

import { prefer, preferences } from "./preferences.js";

/** How many messages a person has received since the chat was last open. */
export function unread(contact) {
  return Math.max(0, contact.messages - (preferences.seen[contact.openid] ?? 0));
}

export function markRead(contact) {
  if (preferences.seen[contact.openid] === contact.messages) return;
  prefer({ seen: { ...preferences.seen, [contact.openid]: contact.messages } });
}
