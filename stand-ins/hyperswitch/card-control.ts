import { z } from 'zod';
import { CommonControl, type CommonParts } from '../kernel/control.ts';
import { type Verb, verb } from '../kernel/control-routes.ts';
import { type Books, laterThan } from './books.ts';
import { cardOf, declines } from './cards.ts';
import { settleCharge } from './charges.ts';
import type { HyperswitchFault, OwnFault } from './faults.ts';
import { findMethod, killMethod, METHOD_DEATHS, type MethodDeath } from './methods.ts';
import { announcePayment, findPayment } from './payments.ts';
import {
  CHARGE_MODES,
  type ChargeMode,
  type Customer,
  type DeclineWords,
  type Ending,
  type MethodRecord,
  type Payment,
  type PaymentRecord,
} from './types.ts';

/** `webhook: false`: the status changes and no webhook is sent. */
export interface Told {
  webhook?: boolean | undefined;
}

/** What changes about a card on file. `isEligible: null`: the router no longer says whether it may be charged. */
export interface MethodChange {
  status?: string | undefined;
  isEligible?: boolean | null | undefined;
  /** What becomes of charges without the buyer; a decline says why. */
  charges?: 'succeed' | 'want_buyer' | 'are_processed' | DeclineWords | undefined;
}

/** The controls of customers, cards on file and charges without the buyer. */
export abstract class CardControl extends CommonControl<OwnFault, HyperswitchFault> {
  protected readonly books: Books;

  constructor(parts: CommonParts<OwnFault>, books: Books) {
    super(parts);
    this.books = books;
  }

  customers(): Customer[] {
    return structuredClone([...this.books.customers.values()]);
  }

  /** Cards on file, also those that are detached. */
  methods(customerId?: string): MethodRecord[] {
    return structuredClone([...this.books.methods.values()]).filter(
      (method) => customerId === undefined || method.customer_id === customerId,
    );
  }

  method(methodId: string): MethodRecord {
    return structuredClone(findMethod(this.books, methodId));
  }

  killMethod(methodId: string, death: MethodDeath): MethodRecord {
    const method = killMethod(this.books, methodId, death);
    this.changed();
    return structuredClone(method);
  }

  setMethod(methodId: string, { status, isEligible, charges }: MethodChange): MethodRecord {
    const method = findMethod(this.books, methodId);
    if (status !== undefined) method.status = status;
    if (isEligible !== undefined) method.isEligible = isEligible;
    if (charges !== undefined) method.card.absent = endingOf(charges);
    this.changed();
    return structuredClone(method);
  }

  /** The merchant's blocklist guard: payments made from now on show fingerprints, or none. */
  setFingerprints(areShown: boolean): void {
    this.books.showsFingerprints = areShown;
  }

  /** The fingerprint of a card, under any customer. */
  setFingerprint(cardNumber: string, fingerprint: string): void {
    this.books.fingerprints.set(cardOf(cardNumber).numberHash, fingerprint);
    this.changed();
  }

  setChargeMode(mode: ChargeMode): void {
    this.books.chargeMode = mode;
  }

  /** A charge that is processed ends as its card says, or as the fault said that made it wait. */
  settleCharge(paymentId: string): Payment {
    const record = findPayment(this.books, paymentId);
    if (!settleCharge(this.books, record)) throw new Error(`payment ${paymentId} waits for nothing`);
    this.changed();
    return structuredClone(record.body);
  }

  /** The client secret is out of date from now on. */
  expireSecret(paymentId: string): Payment {
    return this.move(paymentId, { webhook: false }, ({ body }) => {
      body.expires_on = new Date(Date.now() - 1).toISOString();
    });
  }

  /** Says whether a look-up of the payment answers it, or 422. */
  setReadable(paymentId: string, isReadable: boolean): void {
    findPayment(this.books, paymentId).isUnreadable = !isReadable;
    this.changed();
  }

  setAttemptCount(paymentId: string, count: number): Payment {
    return this.move(paymentId, { webhook: false }, ({ body }) => {
      body.attempt_count = count;
    });
  }

  /** The router tries a declined charge so many times more by itself: its profile retries. */
  setAutoRetries(times: number): void {
    this.books.autoRetries = times;
  }

  /** Whether a declined payment of a customer may be confirmed again. */
  setManualRetries(areOn: boolean): void {
    this.books.manualRetries = areOn;
  }

  protected move(paymentId: string, o: Told, change: (record: PaymentRecord) => void): Payment {
    const record = findPayment(this.books, paymentId);
    change(record);
    record.body.updated = laterThan(record.body.updated);
    if (o.webhook !== false) announcePayment(this.books, record);
    this.changed();
    return structuredClone(record.body);
  }

  protected cardVerbs(): Record<string, Verb> {
    const paymentId = z.string();
    const methodId = z.string();
    const word = z.string().optional();
    const words = z.strictObject({
      declineCode: word,
      errorCode: word,
      message: word,
      issuerCode: word,
      adviceCode: word,
      unifiedCode: word,
    });
    const change = z.object({
      methodId,
      status: word,
      isEligible: z.boolean().nullish(),
      charges: z.union([z.enum(['succeed', 'want_buyer', 'are_processed']), words]).optional(),
    });
    return {
      killMethod: verb(
        'a card on file dies',
        z.object({ methodId, death: z.enum(METHOD_DEATHS) }),
        ({ methodId: id, death }) => this.killMethod(id, death),
      ),
      setMethod: verb('changes a card on file', change, (i) => this.setMethod(i.methodId, i)),
      setFingerprints: verb('do payments show fingerprints', z.object({ areShown: z.boolean() }), (i) =>
        this.setFingerprints(i.areShown),
      ),
      setFingerprint: verb(
        'the fingerprint of a card',
        z.object({ cardNumber: z.string(), fingerprint: z.string() }),
        (i) => this.setFingerprint(i.cardNumber, i.fingerprint),
      ),
      setChargeMode: verb('how charges end', z.object({ mode: z.enum(CHARGE_MODES) }), (i) =>
        this.setChargeMode(i.mode),
      ),
      settleCharge: verb('a charge that is processed ends', z.object({ paymentId }), (i) =>
        this.settleCharge(i.paymentId),
      ),
      expireSecret: verb('the client secret expires', z.object({ paymentId }), (i) =>
        this.expireSecret(i.paymentId),
      ),
      setReadable: verb(
        'can the payment be looked up',
        z.object({ paymentId, isReadable: z.boolean() }),
        (i) => this.setReadable(i.paymentId, i.isReadable),
      ),
      setAttemptCount: verb(
        'how often the router tried',
        z.object({ paymentId, count: z.number().int().positive() }),
        (i) => this.setAttemptCount(i.paymentId, i.count),
      ),
      setAutoRetries: verb(
        'the router retries declined charges',
        z.object({ times: z.number().int().nonnegative() }),
        (i) => this.setAutoRetries(i.times),
      ),
      setManualRetries: verb('buyers may retry', z.object({ areOn: z.boolean() }), (i) =>
        this.setManualRetries(i.areOn),
      ),
    };
  }
}

function endingOf(charges: NonNullable<MethodChange['charges']>): Ending {
  switch (charges) {
    case 'succeed':
      return { kind: 'succeeds' };
    case 'want_buyer':
      return { kind: 'wants_buyer' };
    case 'are_processed':
      return { kind: 'processing', afterMs: null, endsAs: { kind: 'succeeds' } };
    default:
      return declines(charges);
  }
}
