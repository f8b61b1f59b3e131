import type { Db } from '../db/client.ts';
import {
  type AttemptClaims,
  type OrderClaims,
  type PaymentClaims,
  type PayoutClaim,
  readAttemptClaims,
  readOrderClaims,
  readPayoutClaims,
} from '../db/settlements/index.ts';
import { compareDisputes } from './disputes.ts';
import { COMPARED, type Compared, type Difference, Findings, LISTED, type Listed } from './findings.ts';
import { comparePayment } from './payments.ts';
import { comparePayout } from './payouts.ts';
import type { ProviderReaders } from './readers.ts';
import { compareRefunds } from './refunds.ts';
import { compareTransfers } from './transfers.ts';

export type { Difference } from './findings.ts';
export { openReaders } from './readers.ts';
export { Unreachable } from './reach.ts';

export interface Agreement {
  /** How many of our rows were compared with a provider's object. */
  readonly compared: Readonly<Record<Compared, number>>;
  readonly differences: { readonly count: number; readonly examples: readonly Difference[] };
  /** Do not count as differences; see LISTED. */
  readonly listed: readonly {
    readonly as: Listed;
    readonly count: number;
    readonly examples: readonly string[];
  }[];
}

export interface AgreementOptions {
  /** How many orders, then attempts, and then payouts, are compared at a time. */
  readonly concurrency?: number;
  /**
   * How many examples of each kind are kept. The rest are only counted, so that memory does not grow with the books.
   */
  readonly maxExamples?: number;
}

const PAGE_ROWS = 200;

/**
 * Invariant 8: the PSP's payments, refunds and disputes and Stripe's transfers, reversals and payouts match ours one
 * to one, in amount too. Walks all orders, all attempts to pay invoices and all payouts, a page at a time, and writes nothing. Books that move
 * meanwhile differ for a moment. So a difference is read again, rows first, before it is reported. Throws Unreachable
 * where a provider does not answer.
 */
export async function compareWithProviders(
  db: Db,
  readers: ProviderReaders,
  { concurrency = 10, maxExamples = 10 }: AgreementOptions = {},
): Promise<Agreement> {
  const sum = new Sum(maxExamples);
  const ofOrders: Walk<OrderClaims> = {
    idOf: ({ orderId }) => orderId,
    readPage: (ask) => readOrderClaims(db, ask),
    readAgain: (orderId) => readOrderClaims(db, { only: [orderId] }),
    compare: (claims) => compareOrder(readers, claims),
  };
  const ofAttempts: Walk<AttemptClaims> = {
    idOf: ({ attemptId }) => attemptId,
    readPage: (ask) => readAttemptClaims(db, ask),
    readAgain: (attemptId) => readAttemptClaims(db, { only: attemptId }),
    compare: async (claims) => {
      const findings = new Findings();
      await compareAtPsp(readers, claims, findings);
      return findings;
    },
  };
  const ofPayouts: Walk<PayoutClaim> = {
    idOf: ({ id }) => id,
    readPage: (ask) => readPayoutClaims(db, ask),
    readAgain: (payoutId) => readPayoutClaims(db, { only: payoutId }),
    compare: async (claim) => {
      const findings = new Findings();
      await comparePayout(db, readers.stripe, claim, findings);
      return findings;
    },
  };
  await walk(ofOrders, concurrency, sum);
  await walk(ofAttempts, concurrency, sum);
  await walk(ofPayouts, concurrency, sum);
  return sum.agreement();
}

/** How all rows of one kind are read, by id, and compared. */
interface Walk<C> {
  idOf(claims: C): string;
  readPage(ask: { readonly afterId: string | null; readonly limit: number }): Promise<C[]>;
  readAgain(id: string): Promise<C[]>;
  compare(claims: C): Promise<Findings>;
}

async function walk<C>(rows: Walk<C>, concurrency: number, sum: Sum): Promise<void> {
  let afterId: string | null = null;
  for (;;) {
    const page: C[] = await rows.readPage({ afterId, limit: PAGE_ROWS });
    await eachOf(page, concurrency, async (claims) => sum.add(await compareTwice(rows, claims)));
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_ROWS) return;
    afterId = rows.idOf(last);
  }
}

async function compareTwice<C>(rows: Walk<C>, claims: C): Promise<Findings> {
  const first = await rows.compare(claims);
  if (first.differences.length === 0) return first;
  const [again] = await rows.readAgain(rows.idOf(claims));
  return again === undefined ? first : rows.compare(again);
}

async function compareOrder(readers: ProviderReaders, claims: OrderClaims): Promise<Findings> {
  const findings = new Findings();
  await compareAtPsp(readers, claims, findings);
  await compareTransfers(readers.stripe, claims, findings);
  return findings;
}

async function compareAtPsp(
  { psp }: ProviderReaders,
  claims: PaymentClaims,
  findings: Findings,
): Promise<void> {
  if (!(await comparePayment(psp, claims, findings))) return;
  await compareRefunds(psp, claims, findings);
  await compareDisputes(psp, claims, findings);
}

async function eachOf<T>(
  items: readonly T[],
  concurrency: number,
  visit: (item: T) => Promise<void>,
): Promise<void> {
  // One iterator for all of them: each takes the next item as soon as it has finished its own.
  const queue = items.values();
  const visitor = async () => {
    for (const item of queue) await visit(item);
  };
  await Promise.all(Array.from({ length: concurrency }, visitor));
}

class Sum {
  readonly #maxExamples: number;
  readonly #compared: Record<Compared, number> = new Findings().compared;
  readonly #differences = { count: 0, examples: [] as Difference[] };
  readonly #listed = new Map<Listed, { count: number; examples: string[] }>();

  constructor(maxExamples: number) {
    this.#maxExamples = maxExamples;
  }

  add({ compared, differences, listed }: Findings): void {
    for (const what of COMPARED) this.#compared[what] += compared[what];
    for (const difference of differences) this.#count(this.#differences, difference);
    for (const { as, subject } of listed) {
      const sofar = this.#listed.get(as) ?? { count: 0, examples: [] };
      this.#listed.set(as, sofar);
      this.#count(sofar, subject);
    }
  }

  #count<T>(what: { count: number; examples: T[] }, example: T): void {
    Object.assign(what, { count: what.count + 1 });
    if (what.examples.length < this.#maxExamples) what.examples.push(example);
  }

  agreement(): Agreement {
    const listed = LISTED.flatMap((as) => {
      const found = this.#listed.get(as);
      return found === undefined ? [] : [{ as, ...found }];
    });
    return { compared: this.#compared, differences: this.#differences, listed };
  }
}
