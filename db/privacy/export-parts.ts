import { ACCOUNTS_EXPORT } from '../accounts/index.ts';
import { CATALOG_EXPORT } from '../catalog/index.ts';
import { type ExportPart, KERNEL_EXPORT } from '../kernel/index.ts';
import { LEDGER_EXPORT } from '../ledger/index.ts';
import { MARKETPLACE_EXPORT } from '../marketplace/index.ts';
import { PAYOUTS_EXPORT } from '../payouts/index.ts';
import { SELLERS_EXPORT } from '../sellers/index.ts';
import { SUBSCRIPTIONS_EXPORT } from '../subscriptions/index.ts';
import { PRIVACY_EXPORT } from './export.ts';

/** All that a copy of what is held on a person has, in its order. */
export const EXPORT_PARTS: readonly ExportPart[] = [
  ...ACCOUNTS_EXPORT,
  ...MARKETPLACE_EXPORT,
  ...SUBSCRIPTIONS_EXPORT,
  ...CATALOG_EXPORT,
  ...SELLERS_EXPORT,
  ...LEDGER_EXPORT,
  ...PAYOUTS_EXPORT,
  ...KERNEL_EXPORT,
  ...PRIVACY_EXPORT,
];

const SECRETS = 'It holds secrets, or hashes of them, which prove who you are and say nothing of you.';
const COUNTS = 'It counts calls for a short time, so that nobody makes too many.';
const IN_PARTS = 'What it says of you is in other parts already; the rest is how the work is done.';
const OF_OPERATORS = 'It holds what operators wrote to do their work, in which others may be named.';

/** Tables that name people and are in no part, and why; people read it in the copy. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  ...{ refresh_tokens: SECRETS, two_factor_challenges: SECRETS, backup_codes: SECRETS },
  ...{ oauth_states: SECRETS, oauth_codes: SECRETS, person_keys: SECRETS, export_tickets: SECRETS },
  ...{ auth_failures: COUNTS, bearer_usage: COUNTS, api_key_usage: COUNTS },
  ...{ asks: IN_PARTS, idempotency_keys: IN_PARTS, account_link_asks: IN_PARTS, card_setups: IN_PARTS },
  ...{ ledger_entries: IN_PARTS, invoice_payments: IN_PARTS, phantom_subscriptions: IN_PARTS },
  ...{ webhook_events: IN_PARTS, statement_rows: IN_PARTS },
  ...{ ops_flags: OF_OPERATORS, approvals: OF_OPERATORS, decisions: OF_OPERATORS },
  statement_exceptions: OF_OPERATORS,
  trial_cards: 'It holds keyed hashes of cards, so that a card begins one trial. They cannot be read back.',
};
