import { z } from 'zod';
import { CommonControl, type CommonParts } from '../kernel/control.ts';
import { type Verb, verb } from '../kernel/control-routes.ts';
import {
  addToBalance,
  createAccount,
  loseAccount,
  type NewAccount,
  requireAccount,
  updateAccount,
} from './accounts.ts';
import { type Books, stripeSignature } from './books.ts';
import { missing } from './errors.ts';
import type { OwnFault, StripeFault } from './faults.ts';
import { settlePayout } from './payouts.ts';
import { findTransfer, reverseTransfer, transferBody } from './transfers.ts';
import {
  type Account,
  GONE_WORDINGS,
  type GoneWording,
  type Payout,
  PAYOUT_MODES,
  type PayoutMode,
  type Transfer,
  type TransferReversal,
} from './types.ts';

export class StripeControl extends CommonControl<OwnFault, StripeFault> {
  readonly #books: Books;
  readonly #secret: { current: string };

  constructor(parts: CommonParts<OwnFault>, books: Books, secret: { current: string }) {
    super(parts);
    this.#books = books;
    this.#secret = secret;
  }

  protected override sign(body: string, o: { wrong: boolean }): Record<string, string> {
    const secret = o.wrong ? `not ${this.#secret.current}` : this.#secret.current;
    return { 'stripe-signature': stripeSignature(body, secret) };
  }

  /** Rotation: attempts from now on are signed with this one. */
  setWebhookSecret(secret: string): void {
    this.#secret.current = secret;
  }

  transfer(transferId: string): Transfer {
    return transferBody(findTransfer(this.#books, transferId));
  }

  transfers(): Transfer[] {
    return [...this.#books.transfers.values()].map(transferBody);
  }

  /** Of one transfer or of all, oldest first. */
  reversals(transferId?: string): TransferReversal[] {
    const records =
      transferId === undefined
        ? [...this.#books.transfers.values()]
        : [findTransfer(this.#books, transferId)];
    return structuredClone(records.flatMap((record) => record.reversals));
  }

  payouts(accountId?: string): Payout[] {
    const records = [...this.#books.payouts.values()];
    return structuredClone(
      records.filter((r) => accountId === undefined || r.account === accountId).map((r) => r.body),
    );
  }

  /** Somebody reverses by hand: no metadata of ours, and a transfer.reversed webhook. */
  reverseInDashboard(transferId: string, amountMinor?: number): TransferReversal {
    const record = findTransfer(this.#books, transferId);
    const reversal = reverseTransfer(this.#books, record, { amountMinor });
    this.#books.emit('transfer.reversed', transferBody(record));
    this.changed();
    return structuredClone(reversal);
  }

  createAccount(o: NewAccount = {}): Account {
    const { body } = createAccount(this.#books, o);
    this.changed();
    return structuredClone(body);
  }

  /** The account of this id, made ready if it is not there. */
  ensureAccount(accountId: string): Account {
    const { body } = this.#books.accounts.get(accountId) ?? createAccount(this.#books, { id: accountId });
    this.changed();
    return structuredClone(body);
  }

  updateAccount(accountId: string, o: Pick<NewAccount, 'payoutsEnabled' | 'transfersEnabled'>): Account {
    const record = requireAccount(this.#books, accountId);
    updateAccount(this.#books, record, o);
    this.changed();
    return structuredClone(record.body);
  }

  /** The account is gone: every call to it is refused, and the Connect endpoint is notified. */
  loseAccount(accountId: string, wording: GoneWording = 'no_such_destination'): void {
    const record = requireAccount(this.#books, accountId);
    loseAccount(this.#books, record, wording);
    this.changed();
  }

  /** Its owner connected it again, and it is as it was. */
  regainAccount(accountId: string): Account {
    const record = this.#books.accounts.get(accountId);
    if (record === undefined) throw missing('account', accountId);
    delete record.goneAs;
    this.#books.emit('account.updated', record.body, { account: accountId });
    this.changed();
    return structuredClone(record.body);
  }

  /** Available to the account, by currency. */
  accountBalance(accountId: string): Record<string, number> {
    return { ...this.#books.accounts.get(accountId)?.balances };
  }

  setAccountBalance(accountId: string, currency: string, amountMinor: number): void {
    const record = requireAccount(this.#books, accountId);
    record.balances[currency.toLowerCase()] = amountMinor;
    this.changed();
  }

  /** The seller paid everything out, or spent it: reversals are refused for want of funds. */
  drainAccount(accountId: string): void {
    requireAccount(this.#books, accountId).balances = {};
    this.changed();
  }

  topUpAccount(accountId: string, currency: string, amountMinor: number): void {
    addToBalance(requireAccount(this.#books, accountId), currency.toLowerCase(), amountMinor);
    this.changed();
  }

  setEnforceConnectedBalance(isOn: boolean): void {
    this.#books.enforceConnectedBalance = isOn;
  }

  /** null: unlimited, like every currency before its balance is set. */
  setPlatformBalance(currency: string, amountMinor: number | null): void {
    if (amountMinor === null) delete this.#books.platformBalances[currency.toLowerCase()];
    else this.#books.platformBalances[currency.toLowerCase()] = amountMinor;
    this.changed();
  }

  setAutoAccounts(isOn: boolean): void {
    this.#books.autoAccounts = isOn;
  }

  setAutoOnboard(isOn: boolean): void {
    this.#books.autoOnboard = isOn;
  }

  setRateLimit(perSecond: number | null): void {
    this.#books.rateLimitPerSecond = perSecond;
  }

  setPayoutMode(mode: PayoutMode): void {
    this.#books.payoutMode = mode;
  }

  /** Also days later: a paid payout that comes back. */
  settlePayout(payoutId: string, status: 'paid' | 'failed', message?: string): Payout {
    const record = this.#books.payouts.get(payoutId);
    if (record === undefined) throw missing('payout', payoutId);
    settlePayout(this.#books, record, status, message);
    this.changed();
    return structuredClone(record.body);
  }

  /** Forgets stored keys older than this; all of them by default. Returns how many. */
  pruneIdempotencyKeys(olderThanMs = 0): number {
    const pruned = this.#books.keys.prune(olderThanMs);
    this.changed();
    return pruned;
  }

  verbs(): Record<string, Verb> {
    const transferId = z.string();
    const accountId = z.string();
    const amountMinor = z.number().int();
    const onOff = z.object({ isOn: z.boolean() });
    const balance = z.object({ accountId, currency: z.string(), amountMinor });
    const abilities = { payoutsEnabled: z.boolean().optional(), transfersEnabled: z.boolean().optional() };
    const newAccount = z.object({
      id: accountId.optional(),
      email: z.string().optional(),
      country: z.string().optional(),
      currency: z.string().optional(),
      ...abilities,
    });
    const settled = z.object({
      payoutId: z.string(),
      status: z.enum(['paid', 'failed']),
      message: z.string().optional(),
    });
    return {
      ...this.commonVerbs(),
      reverseInDashboard: verb(
        'somebody reverses by hand',
        z.object({ transferId, amountMinor: amountMinor.positive().optional() }),
        (i) => this.reverseInDashboard(i.transferId, i.amountMinor),
      ),
      createAccount: verb('a connected account', newAccount, (i) => this.createAccount(i)),
      ensureAccount: verb('the account of this id', z.object({ accountId }), (i) =>
        this.ensureAccount(i.accountId),
      ),
      updateAccount: verb('what the account may do', z.object({ accountId, ...abilities }), (i) =>
        this.updateAccount(i.accountId, i),
      ),
      loseAccount: verb(
        'the account is gone: closed, or its owner took our access back',
        z.object({ accountId, wording: z.enum(GONE_WORDINGS).optional() }),
        (i) => this.loseAccount(i.accountId, i.wording),
      ),
      regainAccount: verb('an account that was gone is back', z.object({ accountId }), (i) =>
        this.regainAccount(i.accountId),
      ),
      setAccountBalance: verb('sets what an account has available', balance, (i) =>
        this.setAccountBalance(i.accountId, i.currency, i.amountMinor),
      ),
      topUpAccount: verb('adds to what an account has', balance, (i) =>
        this.topUpAccount(i.accountId, i.currency, i.amountMinor),
      ),
      drainAccount: verb('the account has nothing left', z.object({ accountId }), (i) =>
        this.drainAccount(i.accountId),
      ),
      setEnforceConnectedBalance: verb('are reversals refused for want of funds', onOff, (i) =>
        this.setEnforceConnectedBalance(i.isOn),
      ),
      setPlatformBalance: verb(
        'what the platform has; null: unlimited',
        z.object({ currency: z.string(), amountMinor: amountMinor.nullable() }),
        (i) => this.setPlatformBalance(i.currency, i.amountMinor),
      ),
      setAutoAccounts: verb('is any acct_ id accepted', onOff, (i) => this.setAutoAccounts(i.isOn)),
      setAutoOnboard: verb('are accounts ready without forms', onOff, (i) => this.setAutoOnboard(i.isOn)),
      setRateLimit: verb(
        'requests a second and endpoint; null: unlimited',
        z.object({ perSecond: z.number().int().positive().nullable() }),
        (i) => this.setRateLimit(i.perSecond),
      ),
      setPayoutMode: verb('how payouts settle', z.object({ mode: z.enum(PAYOUT_MODES) }), (i) =>
        this.setPayoutMode(i.mode),
      ),
      settlePayout: verb('settles or flips a payout', settled, (i) =>
        this.settlePayout(i.payoutId, i.status, i.message),
      ),
      pruneIdempotencyKeys: verb(
        'forgets stored keys',
        z.object({ olderThanMs: z.number().nonnegative().optional() }),
        (i) => this.pruneIdempotencyKeys(i.olderThanMs),
      ),
      setWebhookSecret: verb('rotates the secret', z.object({ secret: z.string() }), (i) =>
        this.setWebhookSecret(i.secret),
      ),
    };
  }
}
