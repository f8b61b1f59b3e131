/** What an erasure waits for: money of the person's that moves, or what an operator decides. */
export const DELETION_WAITS = [
  'order_pending',
  'refund_window',
  'refund_open',
  'dispute_open',
  'transfer_open',
  'reversal_open',
  'payout_open',
  'invoice_open',
  'balance_pending',
  'balance_available',
  'balance_owed',
  'account_barred',
  'hold',
] as const;
export type DeletionWait = (typeof DELETION_WAITS)[number];

/** Each of them, as people read it. */
const WAIT_WORDS: Readonly<Record<DeletionWait, string>> = {
  order_pending: 'an order that is not paid yet',
  refund_window: 'an order that may still be refunded',
  refund_open: 'a refund',
  dispute_open: 'a dispute with a bank',
  transfer_open: 'a share on its way to a seller',
  reversal_open: 'a share on its way back from a seller',
  payout_open: 'a payout',
  invoice_open: 'an invoice that is not settled',
  balance_pending: 'earnings that are not available yet',
  balance_available: 'a balance that was not paid out',
  balance_owed: 'a debt',
  account_barred: 'a balance of an account that was disabled',
  hold: 'an operator, who holds it',
};

const isWait = (word: string): word is DeletionWait => Object.hasOwn(WAIT_WORDS, word);

/** What people read for words of this list; a word of a later version stands for itself. */
export const waitWordsOf = (words: readonly string[]): readonly string[] =>
  words.map((word) => (isWait(word) ? WAIT_WORDS[word] : word));
