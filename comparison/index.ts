import type { Db } from '../db/client.ts';
import { type OrderClaims, readOrderClaims } from '../db/settlements/index.ts';
import { compareDisputes } from './disputes.ts';
import { COMPARED, type Compared, type Difference, Findings, LISTED, type Listed } from './findings.ts';
import { comparePayment } from './payments.ts';
import type { ProviderReaders } from './readers.ts';
import { compareRefunds } from './refunds.ts';
import { compareTransfers } from './transfers.ts';

export type { Difference } from './findings.ts';
export { openReaders } from './readers.ts';
export { Unreachable } from './reach.ts';

export interface Agreement {
  /** Rows of ours that were held against a provider's object. */
  readonly compared: Readonly<Record<Compared, number>>;
  readonly differences: { readonly count: number; readonly examples: readonly Difference[] };
  /** Not counted; see LISTED. */
  readonly listed: readonly {
    readonly as: Listed;
    readonly count: number;
    readonly examples: readonly string[];
  }[];
}

export interface AgreementOptions {
  /** Orders looked at at a time. */
  readonly concurrency?: number;
  /** Of each kind; the rest are counted only, so that memory does not grow with the books. */
  readonly maxExamples?: number;
}

const PAGE_ORDERS = 200;

/**
 * Invariant 8: the PSP's payments, refunds and disputes and Stripe's transfers and reversals match ours one to one, in amount
 * too. Walks all orders a page at a time and writes nothing. Books that move meanwhile look different for a moment, so an order that
 * differs is read again, rows first, and only then reported. Throws Unreachable where a provider does not answer.
 */
export async function compareWithProviders(
  db: Db,
  readers: ProviderReaders,
  { concurrency = 10, maxExamples = 10 }: AgreementOptions = {},
): Promise<Agreement> {
  const sum = new Sum(maxExamples);
  let afterId: string | null = null;
  for (;;) {
    const page: OrderClaims[] = await readOrderClaims(db, { afterId, limit: PAGE_ORDERS });
    await eachOf(page, concurrency, async (claims) => sum.add(await compareTwice(db, readers, claims)));
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_ORDERS) return sum.agreement();
    afterId = last.orderId;
  }
}

async function compareTwice(db: Db, readers: ProviderReaders, claims: OrderClaims): Promise<Findings> {
  const first = await compare(readers, claims);
  if (first.differences.length === 0) return first;
  const [again] = await readOrderClaims(db, { only: [claims.orderId] });
  return again === undefined ? first : compare(readers, again);
}

async function compare({ psp, stripe }: ProviderReaders, claims: OrderClaims): Promise<Findings> {
  const findings = new Findings();
  if (await comparePayment(psp, claims, findings)) {
    await compareRefunds(psp, claims, findings);
    await compareDisputes(psp, claims, findings);
  }
  await compareTransfers(stripe, claims, findings);
  return findings;
}

async function eachOf<T>(
  items: readonly T[],
  concurrency: number,
  visit: (item: T) => Promise<void>,
): Promise<void> {
  // One iterator for all: each takes the next item as soon as it is done with its own.
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
