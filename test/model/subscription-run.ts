import { setTimeout as sleep } from 'node:timers/promises';
import { asc, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { expect, vi } from 'vitest';
import {
  type Invoice as InvoiceRow,
  invoicePayments,
  invoices,
} from '../../db/subscriptions/invoices/schema.ts';
import { VezaError } from '../../domain/errors.ts';
import type { AskAnswer } from '../../domain/subscriptions/asks.ts';
import { databaseMs, moveClockTo } from '../harness/moved-clock.ts';
import { makePerson } from '../harness/shop.ts';
import { until } from '../harness/wait.ts';
import type { Person, World } from '../harness/world.ts';
import { type Deed, subscriptionsOf, type Wish } from '../subscriptions/story.ts';
import {
  type Attempt,
  type Books,
  type Card,
  dueOf,
  type Invoice,
  liveOf,
  type Sub,
} from './subscriptions.ts';
import { openMarket } from './subscription-prices.ts';
import { foretold, heldAtPsp, seen } from './subscription-view.ts';
import { addTrouble, type Trouble } from './troubles.ts';

const UNTIL_MS = Number(process.env['MODEL_UNTIL_MS'] ?? 60_000);
/** A renewal's jitter is over by then. */
export const MARGIN_MS = 11 * 60_000;

type ByPost = 'subscribe' | 'cancel' | 'change' | 'pay' | 'reactivate' | 'payment-method';

/** One person's life with their subscriptions, and what drives it. */
export class Life {
  readonly world: World;
  readonly person: Person;
  readonly admin: Person;
  readonly of: ReturnType<typeof subscriptionsOf>;
  readonly setups = new Set<string>();
  /** What becomes of a charge of each card of theirs: at first what it is named for. */
  readonly bank: Record<Card, Card> = { good: 'good', poor: 'poor', lost: 'lost', wantsBuyer: 'wantsBuyer' };

  private constructor(world: World, person: Person, admin: Person) {
    this.world = world;
    this.person = person;
    this.admin = admin;
    this.of = subscriptionsOf(world);
  }

  /** It begins at noon of a day: the next one of this month and day. */
  static async begin(
    world: World,
    day: readonly [month: number, day: number],
  ): Promise<{ life: Life; books: Books }> {
    const life = new Life(world, await makePerson(world, 'user'), await makePerson(world, 'admin'));
    await life.moveTo(nextDay(await life.now(), day));
    const books: Books = {
      ...{ subs: [], hadTrial: false, cash: 0, deferred: 0, revenue: 0, commands: [] },
      ...{ market: await openMarket(world), refused: new Set() },
    };
    return { life, books };
  }

  now = () => databaseMs(this.world.database.sql);
  moveTo = (ms: number) => moveClockTo(this.world.database.sql, ms);

  /** An admin does something in the console: which code it is refused with; null: it is done. */
  act = (action: string, subject: string) =>
    this.#post(this.admin, '/admin/actions', { action, subject, reason: 'the model says so' });

  refund = (
    { id }: Pick<Invoice, 'id'>,
    { amount, endAccess }: { readonly amount: number | null; readonly endAccess: boolean },
  ) =>
    this.#post(this.admin, `/admin/invoices/${id}/refund`, {
      ...{ reason: 'the model says so', end_access: endAccess },
      ...(amount !== null && { amount }),
    });

  /** They do something by the API, where no workflow has to answer. */
  post = (path: `/subscriptions/${ByPost}`, body: object) => this.#post(this.person, path, body);

  async #post(by: Person, path: Parameters<World['post']>[1], asked: object): Promise<string | null> {
    const { status, body } = await this.world.post(by, path, asked);
    return status < 300 ? null : codeOf(body);
  }

  async wake({ id }: Sub): Promise<void> {
    await this.world.engine.wakeSubscription(await this.of.label(id));
  }

  /** An operator wants the PSP to be asked at once, whatever the backoff of its retries. */
  async retry({ id }: Sub): Promise<void> {
    await this.world.engine.retrySubscription(await this.of.label(id));
  }

  /** An ask that got no answer is made once more under its id, as the API makes it. */
  async subscribe(wish: Wish): Promise<AskAnswer> {
    const askId = uuidv7();
    return onceMore(() => this.of.subscribe(this.person, wish, askId));
  }

  async ask({ id }: Sub, deed: Deed, askId: string = uuidv7()): Promise<AskAnswer> {
    return onceMore(() => this.of.ask(id, deed, askId));
  }

  /** Does something in trouble, and waits until all shows what the model foretells. */
  async within(books: Books, trouble: Trouble, act: () => Promise<void>): Promise<void> {
    const remove = addTrouble(this.world, trouble);
    try {
      await this.#redelivering(trouble === 'hookLost', act);
      await this.settle(books, trouble === 'hookLost');
    } finally {
      remove();
    }
  }

  /** Lost webhooks come again while it acts: what follows waits for them. */
  async #redelivering(isLost: boolean, act: () => Promise<void>): Promise<void> {
    if (!isLost) return act();
    const isOver = new AbortController();
    const acting = act().finally(() => isOver.abort());
    const again = (async () => {
      while (!isOver.signal.aborted) {
        await this.world.psp.control.flush(({ state }) => state === 'lost');
        await sleep(20);
      }
    })();
    await Promise.all([acting, again]);
  }

  async settle(books: Books, redelivering = false): Promise<void> {
    await vi.waitFor(
      async () => {
        await this.world.psp.control.idle();
        if (redelivering) await this.world.psp.control.flush(({ state }) => state === 'lost');
        const picture = await seen(this.world, this.person, this.setups);
        expect(picture).toEqual(foretold(books, await this.now()));
        expect(heldAtPsp(this.world, books), "what the PSP's books say is here").toBe(books.cash);
      },
      { timeout: UNTIL_MS, interval: 20 },
    );
  }

  /** Times that only the rows know, as soon as they do. */
  async read<T>(what: string, look: () => Promise<T | null | undefined>): Promise<T> {
    const found = await until(look, (value) => value !== null && value !== undefined).catch(
      (error: unknown) => {
        throw new Error(`${what}: ${String(error)}`, { cause: error });
      },
    );
    return found!;
  }

  /** The newest invoice of a subscription, once there are so many. */
  async invoiceRow({ id }: Pick<Sub, 'id'>, count: number): Promise<InvoiceRow> {
    return this.read(`invoice ${count}`, async () => (await this.of.invoicesOf(id))[count - 1]);
  }

  attemptRow = async (id: string) => {
    const [row] = await this.world.database.db
      .select()
      .from(invoicePayments)
      .where(eq(invoicePayments.id, id));
    return row;
  };

  /** The attempt of this number, once it is there and the PSP has answered. */
  async attempt(
    invoice: Pick<Invoice, 'id'>,
    number: number,
    of: Pick<Attempt, 'inPerson' | 'card'>,
  ): Promise<Attempt> {
    const { db } = this.world.database;
    const row = await this.read(`attempt ${number} of ${invoice.id}`, async () => {
      const rows = await db
        .select()
        .from(invoicePayments)
        .where(eq(invoicePayments.invoiceId, invoice.id))
        .orderBy(asc(invoicePayments.attempt));
      const found = rows[number - 1];
      const isAnswered = found && (found.providerStatus !== null || found.status !== 'pending');
      return isAnswered ? found : null;
    });
    const atPsp = of.inPerson || of.card !== null;
    const secretUntil = row.clientSecretExpiresAt?.getTime() ?? 0;
    return { id: row.id, ...of, status: 'pending', class: null, received: 0, atPsp, secretUntil };
  }

  /** How a failed attempt's refusal was classed. */
  async classOf({ id }: Attempt): Promise<Attempt['class']> {
    const failed = async () => {
      const row = await this.attemptRow(id);
      return row?.status === 'failed' ? row : null;
    };
    return (await this.read(`the end of ${id}`, failed)).declineClass;
  }

  /** When an invoice was paid. */
  paidAt = (invoice: Invoice) =>
    this.read(`payment of ${invoice.id}`, async () => {
      const [row] = await this.world.database.db.select().from(invoices).where(eq(invoices.id, invoice.id));
      return row?.paidAt?.getTime();
    });

  pastDueSince = (sub: Sub) =>
    this.read(`refusal of ${sub.id}`, async () => (await this.of.row(sub.id)).dunningSince?.getTime());

  /** Until shortly behind what is due next, of which the workflow hears. */
  async passUntilDue(books: Books, share: number): Promise<number> {
    const sub = liveOf(books)!;
    const now = await this.now();
    const dueAt = dueOf(sub)!;
    const at = share < 1 ? now + Math.floor((dueAt - now) * share) : dueAt + MARGIN_MS;
    await this.moveTo(at);
    await this.wake(sub);
    return this.now();
  }
}

function nextDay(now: number, [month, day]: readonly [number, number]): number {
  for (let year = new Date(now).getUTCFullYear(); ; year += 1) {
    const at = Date.UTC(year, month - 1, day, 12);
    if (at > now && new Date(at).getUTCDate() === day) return at;
  }
}

const codeOf = (body: object) => (body as { code?: string }).code ?? JSON.stringify(body);

const onceMore = <T>(ask: () => Promise<T>): Promise<T> =>
  ask().catch((error: unknown) => {
    if (error instanceof VezaError && error.code === 'engine_unavailable') return ask();
    throw error;
  });
