/**
 * How long after its period a subscription renews, from 0 to `maxMs` milliseconds: always the same for one id, and spread
 * evenly over all of them, so that those who joined in one minute are not charged in one.
 */
export const renewalJitterMs = (subscriptionId: string, maxMs: number): number =>
  fnv1a(subscriptionId) % (maxMs + 1);

/** FNV-1a in 32 bits (datatracker.ietf.org/doc/html/draft-eastlake-fnv), over the code units of an ASCII text. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}
