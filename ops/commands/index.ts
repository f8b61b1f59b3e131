import { WORK_KINDS } from '../../db/operators/index.ts';
import { WEBHOOK_OUTCOMES, WEBHOOK_PROVIDERS } from '../../db/webhooks/index.ts';
import { APPROVAL_STATUSES } from '../../domain/approvals/index.ts';
import { API_KEY_SCOPES } from '../../domain/accounts/index.ts';
import { PHASES } from '../../domain/reconcile/index.ts';
import { UPKEEP_PHASES } from '../../domain/upkeep/index.ts';
import {
  chargeNow,
  endNow,
  giveUp,
  movePrice,
  refund,
  refundInvoice,
  RESOLUTIONS,
  resolve,
  retry,
  voidInvoice,
} from './act.ts';
import { account, ACCOUNT_VERBS } from './account.ts';
import { admin } from './admin.ts';
import { apiKey } from './api-key.ts';
import { approvals, approve, reject } from './approvals.ts';
import { audit } from './audit.ts';
import { backfillTransferIds } from './backfill-transfer-ids.ts';
import { replayWebhook, retryFailed } from './bulk.ts';
import type { Command } from './command.ts';
import { encryptOauthTokens } from './encrypt-oauth-tokens.ts';
import { findPerson } from './find-person.ts';
import { LIST_KEYS, lists } from './lists.ts';
import { dataExports, DELETION_LIST_NAMES, deletions, EXPORT_LIST_NAMES } from './people.ts';
import { phantoms } from './phantoms.ts';
import { reconcile } from './reconcile.ts';
import { reconcileStatement } from './reconcile-statement.ts';
import { rewrapKeys } from './rewrap-keys.ts';
import { seed } from './seed.ts';
import { show } from './show.ts';
import { stuck } from './stuck.ts';
import { token } from './token.ts';
import { upkeep } from './upkeep.ts';

const json = { name: 'json' } as const;
const reason = { name: 'reason', value: 'WHY', isNeeded: true } as const;
const actor = { name: 'actor', value: 'ID' } as const;
const acting = [reason, actor, { name: 'preview' }, json] as const;
const kind = { name: 'kind', value: 'K', values: WORK_KINDS, isRepeatable: true } as const;
const rows = [
  { name: 'seller', value: 'ID' },
  { name: 'order', value: 'ID' },
  { name: 'currency', value: 'CUR' },
  { name: 'error', value: 'TEXT' },
] as const;

/** Every command: what usage and completion are made of. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'stuck',
    options: [kind, { name: 'older-than', value: 'MINUTES' }, ...rows, { name: 'limit', value: 'N' }, json],
    about:
      'what has been open for long (60 minutes by default) or needs a person: how much money, why, what happens next, what may be done. Exits 1 where anything is',
    run: stuck,
  },
  {
    name: 'show',
    operands: 'ID',
    options: [json],
    about:
      'the whole story of an order, refund, transfer, reversal, payout or webhook, by its workflow id, its bare id or its id at the provider',
    run: show,
  },
  {
    name: 'lists',
    options: [{ name: 'key', value: 'K', values: LIST_KEYS }, json],
    about:
      "the lists that Temporal's UI shows by a query, such as all reversals in trouble: when to look, and the address to open",
    run: lists,
  },
  {
    name: 'deletions',
    options: [{ name: 'of', value: 'LIST', values: DELETION_LIST_NAMES }, json],
    about:
      'people who leave or have left, 200 of them: when it is final, what it waits for, what happens next. Exits 1 where one waits',
    run: deletions,
  },
  {
    name: 'exports',
    options: [{ name: 'of', value: 'LIST', values: EXPORT_LIST_NAMES }, json],
    about:
      "copies of people's data that are under way, or failed, the newest 200. Exits 1 where one failed. No command gets their files",
    run: dataExports,
  },
  {
    name: 'retry',
    operands: 'ID',
    options: acting,
    about:
      'attempts a transfer, reversal or payout now, or looks at what is due of a subscription or an invoice; one that failed for good gets a successor',
    run: retry,
  },
  {
    name: 'retry-failed',
    options: [kind, ...rows, ...acting],
    about:
      'retries all transfers and reversals that failed for good, after an outage: exactly those that are there now, 500 at a time',
    run: retryFailed,
  },
  {
    name: 'refund',
    operands: 'ORDER',
    options: [
      { name: 'amount', value: 'MINOR' },
      { name: 'item', value: 'ID', isRepeatable: true },
      ...acting,
    ],
    about:
      "refunds somebody else's order for them: all that is left, an amount in minor units, or items whole",
    run: refund,
  },
  {
    name: 'refund-invoice',
    operands: 'INVOICE',
    options: [{ name: 'amount', value: 'MINOR' }, { name: 'end-access' }, ...acting],
    about:
      'refunds an invoice: all that is left, or an amount in minor units; with --end-access its subscription ends with a part too',
    run: refundInvoice,
  },
  {
    name: 'charge-now',
    operands: 'INVOICE',
    options: acting,
    about:
      'charges a past due invoice to the card on file, outside the schedule; while a payment is under way that one is asked about',
    run: chargeNow,
  },
  {
    name: 'void-invoice',
    operands: 'INVOICE',
    options: acting,
    about:
      'an open invoice is not owed any more: a change of plan fails, a subscription whose period it was for ends',
    run: voidInvoice,
  },
  {
    name: 'end-now',
    operands: 'SUBSCRIPTION',
    options: acting,
    about: 'a subscription expires at once; what was paid stays until it is refunded',
    run: endNow,
  },
  {
    name: 'move-price',
    operands: 'SUBSCRIPTION',
    options: acting,
    about:
      "moves a subscription to today's price of its plan: a mail now, the price at the first renewal 30 days or more later",
    run: movePrice,
  },
  {
    name: 'phantoms',
    options: [{ name: 'apply' }, json],
    about:
      'finds subscriptions that say they are paid and are not, and asks the PSP about each; with --apply ends those that nobody paid and keeps their former rows. It goes on without this command, and the next command joins it; exits 1 where there are any, 2 where it could not be followed',
    run: phantoms,
  },
  {
    name: 'give-up',
    operands: 'ID',
    options: acting,
    about:
      'ends the retries of an open reversal or payout, or of a refund that the PSP never answers, once it was looked up',
    run: giveUp,
  },
  {
    name: 'resolve',
    operands: 'ID',
    options: [{ name: 'as', value: 'HOW', values: RESOLUTIONS, isNeeded: true }, ...acting],
    about:
      'says how something ended: a failed reversal settled_outside or written_off, a held payment give_back, a refund that a bank sent back mark_returned, a flag clear_flag',
    run: resolve,
  },
  {
    name: 'approvals',
    options: [{ name: 'status', value: 'S', values: APPROVAL_STATUSES }, json],
    about: 'actions that wait for a second admin',
    run: approvals,
  },
  {
    name: 'approve',
    operands: 'ID',
    options: [{ name: 'reason', value: 'WHY' }, actor, json],
    about: 'a second admin agrees, and it is done',
    run: approve,
  },
  {
    name: 'reject',
    operands: 'ID',
    options: [reason, actor, json],
    about: 'an admin says no, or the one who asked takes it back',
    run: reject,
  },
  {
    name: 'replay-webhook',
    operands: '[ID…]',
    options: [
      { name: 'outcome', value: 'O', values: WEBHOOK_OUTCOMES },
      { name: 'older-than', value: 'MINUTES' },
      { name: 'newer-than', value: 'MINUTES' },
      ...acting,
    ],
    about: 'dispatches stored webhooks again, by id or by outcome',
    run: replayWebhook,
  },
  {
    name: 'reconcile',
    options: [
      { name: 'drain' },
      { name: 'phase', value: 'P', values: PHASES, isRepeatable: true },
      { name: 'reason', value: 'WHY' },
      actor,
      json,
    ],
    about:
      'looks for stuck rows, one batch of each phase, as the schedule does; with --drain until every row was looked at once. The sweep goes on without this command, and the next command joins a drain; exits 1 where refunds were failed, 2 where it is off or could not be followed. Audited where an actor is given',
    run: reconcile,
  },
  {
    name: 'upkeep',
    options: [
      { name: 'phase', value: 'P', values: UPKEEP_PHASES, isRepeatable: true },
      { name: 'reason', value: 'WHY' },
      actor,
      json,
    ],
    about:
      'starts mails that wait without a workflow, and removes what is over: accounts that nobody confirmed in time, tokens, sessions, counts of limits. It forgets addresses of sessions and the audit log that are old, and masks old bodies of webhooks. It goes on without this command; exits 1 where rows could not be looked at, 2 where it could not be followed. Audited where an actor is given',
    run: upkeep,
  },
  {
    name: 'reconcile-statement',
    operands: 'FILE',
    options: [
      { name: 'provider', value: 'P', values: WEBHOOK_PROVIDERS },
      { name: 'mapping', value: 'FILE' },
      json,
    ],
    about:
      "compares a provider's settlement file with our rows, and changes only the list of exceptions. After a kill, the same file goes on where it was; exits 1 while exceptions are open, 2 where it could not run",
    run: reconcileStatement,
  },
  {
    name: 'audit',
    options: [{ name: 'providers' }, json],
    about: 'the invariants of the books, as `npm run audit`; exits 1 on a violation',
    run: audit,
  },
  {
    name: 'backfill-transfer-ids',
    options: [{ name: 'dry-run' }, json],
    about:
      "finds Stripe's ids of transfers that an older system sent; with --dry-run writes nothing. It goes on without this command, and the next command joins it; exits 1 where some have no match, 2 where it could not be followed",
    run: backfillTransferIds,
  },
  {
    name: 'api-key',
    operands: 'create|list|revoke [ID]',
    options: [
      { name: 'user', value: 'ID' },
      { name: 'name', value: 'N' },
      { name: 'scope', value: 'S', values: API_KEY_SCOPES, isRepeatable: true },
      { name: 'ttl', value: '90d' },
      { name: 'reads-per-hour', value: 'N' },
      { name: 'writes-per-hour', value: 'N' },
      { name: 'reason', value: 'WHY' },
      actor,
      json,
    ],
    about:
      'keys by which programs call the API: made for a user with a name and scopes (and shown that once), listed, revoked. To make and to revoke ask for a reason and for who acts; one for somebody else waits for a second admin',
    run: apiKey,
  },
  {
    name: 'admin',
    operands: 'create',
    options: [{ name: 'email', value: 'ADDRESS', isNeeded: true }, json],
    about:
      'makes an admin, and prints the link by which they choose a password; it is good for a day, once. For an admin who has none yet it prints another',
    run: admin,
  },
  {
    name: 'account',
    operands: 'VERB ID',
    options: acting,
    about: `acts on the account with that id or exact address: ${ACCOUNT_VERBS.join(', ')}. To reset a second factor, to give or take the role admin, to erase now and to close an admin, a second admin has to agree`,
    run: account,
  },
  {
    name: 'rewrap-keys',
    options: [{ name: 'dry-run' }, json],
    about:
      "wraps each person's key anew under the key of PERSONAL_DATA_KEYS that wraps now, and says when an old one is free; with --dry-run changes nothing. May be stopped and run again",
    run: rewrapKeys,
  },
  {
    name: 'find-person',
    operands: 'TEXT',
    options: [{ name: 'histories', value: 'QUERY' }, { name: 'in', value: 'FILE', isRepeatable: true }, json],
    about:
      'looks for an address, a name or an id in every column of every table, in lines of files such as logs, and with `--histories` in those that a query of Temporal names ("": all); exits 1 where it stands anywhere but where the law keeps it',
    run: findPerson,
  },
  {
    name: 'encrypt-oauth-tokens',
    options: [{ name: 'dry-run' }, json],
    about:
      "seals tokens of sign-in providers that an older system left plain, each under its person's key; with --dry-run changes nothing. May be stopped and run again",
    run: encryptOauthTokens,
  },
  {
    name: 'seed',
    options: [json],
    about:
      'people and products to try things with, and tokens for them (24 h); on a seeded database: the same people, fresh tokens',
    run: seed,
  },
  {
    name: 'token',
    options: [{ name: 'user', value: 'ID', isNeeded: true }, { name: 'ttl', value: '24h' }, json],
    about:
      'a bearer token for a user, with a session of its own: it ends with that session, and has the role of the row in `users`',
    run: token,
  },
];
