import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { readVariables } from '../../config.ts';
import { type DatabaseWithSql, openWithSql } from '../database.ts';
import { payoutWorkflowId } from '../../domain/payouts/index.ts';
import { RECONCILE_SCHEDULE_ID } from '../../domain/reconcile/ids.ts';
import { invoiceTermsOf } from '../../domain/subscriptions/terms.ts';
import { connectNow, createClient } from '../../engine/connect.ts';
import { seed } from '../../ops/commands/seed.ts';
import { retryNow } from '../../workflows/kernel/messages.ts';
import type { Veza } from '../cli/veza.ts';
import { compareBooks, type Compared } from './books.ts';
import { type Bought, buy, type Shop } from './buyers.ts';
import { type Audited, audit, drain, type Drained } from './operator.ts';
import { type FaultedAccounts, joinOn } from './accounts/index.ts';
import { closeAll } from './closing.ts';
import type { FaultRun } from './options.ts';
import { makePeople, type Person } from '../people.ts';
import { payOut, sellOffGrain, tellOfTheOtherMode } from './sellers.ts';
import { nothingSubscribed, type Subscribed } from './subscribers/counts.ts';
import { subscribeOn } from './subscribers/index.ts';
import { comesToRest, hearOfPayouts, type Moving, unheard } from './rest.ts';
import { breakStripe, loseWebhooks, misbehave } from './trouble.ts';

export interface FaultReport {
  readonly run: FaultRun;
  readonly bought: Bought;
  readonly subscribed: Subscribed;
  readonly accounts: FaultedAccounts;
  readonly webhooks: { readonly sent: number; readonly lost: number };
  readonly kills: number;
  readonly stripeOutages: number;
  /** Sweeps by the schedule during the run. */
  readonly sweeps: number;
  /** Before any drain: rows that waited for a lost webhook. */
  readonly unheardBeforeDrain: number;
  readonly drains: readonly Drained[];
  /** After the last drain: what moves still, or is overdue. Nothing may. */
  readonly restless: Moving;
  readonly compared: Compared;
  /** Flags that were raised, by kind. */
  readonly flags: Readonly<Record<string, number>>;
  readonly audited: Audited;
}

const BILLING_VARIABLES = [
  'SUBSCRIPTION_RENEWAL_GRACE',
  'SUBSCRIPTION_DUNNING',
  'INVOICE_SERIES',
  'INVOICE_ISSUER',
  'BILLING_TIME_SCALE',
  'BILLING_TIME_START',
] as const;
const REST_WITHIN_MS = 150_000;
const LOOK_EVERY_MS = 100;
/** Two looks at an orphan must be this far apart to be believed: longer than any activity runs. */
const ORPHAN_GAP_MS = 10 * 60_000;
/** A lost webhook of something that a drain itself set going asks for another one. */
const MOST_DRAINS = 8;

/** Buys and refunds under faults for so long, drains what is left, and compares all books. */
export async function runFaults(
  veza: Veza,
  run: FaultRun,
  say: (line: string) => void,
  onLine: (line: string) => void,
): Promise<FaultReport> {
  const settings = readVariables(veza.env, [
    'DATABASE_URL',
    'TEMPORAL_ADDRESS',
    'TEMPORAL_NAMESPACE',
    'PAYLOAD_ENCRYPTION_KEYS',
    'PAYLOAD_ENCRYPTION_KEY_ID',
  ]);
  const database = openWithSql(settings.DATABASE_URL, { maxConnections: 4 });
  const connection = await connectNow(settings);
  try {
    const temporal = createClient(connection, settings);
    return await runWith({ veza, run, say, onLine, database, temporal });
  } finally {
    await connection.close();
    await database.close();
  }
}

interface Parts {
  readonly veza: Veza;
  readonly run: FaultRun;
  readonly say: (line: string) => void;
  /** What the API of accounts prints. */
  readonly onLine: (line: string) => void;
  readonly database: DatabaseWithSql;
  readonly temporal: Client;
}

async function runWith(parts: Parts): Promise<FaultReport> {
  const { veza, run, say, database, temporal } = parts;
  const { time } = invoiceTermsOf(readVariables(veza.env, BILLING_VARIABLES));
  const books = { database, psp: veza.psp, stripe: veza.stripe, time };
  loseWebhooks(veza, run);
  const people = await makePeople(database, veza, run.subscribers);
  const { bought, subscribed, kills, stripeOutages, heldAgainst } = await trade(parts, people);
  const schedule = temporal.schedule.getHandle(RECONCILE_SCHEDULE_ID);
  await schedule.pause('the fault script drains by itself from here on');
  const sweeps = (await schedule.describe()).info.numActionsTaken;

  const still = await closeAll(database, { veza, bought }, people);
  if (still > 0) say(`${still} subscriptions could not be cancelled`);

  const waitForRest = () =>
    comesToRest(books, REST_WITHIN_MS, (seen) =>
      say(
        `at work still: ${Object.entries(seen)
          .map(([what, count]) => `${count} ${what}`)
          .join(', ')}`,
      ),
    );
  let restless = await waitForRest();
  const unheardBeforeDrain = await unheard(books);
  say(`${unheardBeforeDrain} orders, refunds, disputes and attempts wait for a webhook that was lost`);

  const drains: Drained[] = [];
  for (;;) {
    const drained = await drain(veza.env, say);
    drains.push(drained);
    restless = await waitForRest();
    const left = await unheard(books);
    say(`drain ${drains.length} is over; ${left} are left`);
    if (left === 0 || drains.length === MOST_DRAINS) break;
    if (drained.missedOrphans > 0) {
      const waitMs = await untilBelieved(database);
      say(
        `${drained.missedOrphans} orphans were missed: the look that is believed comes in ${Math.ceil(waitMs / 1_000)} s`,
      );
      await sleep(waitMs);
    }
  }
  const wake = (payoutId: string) => temporal.workflow.getHandle(payoutWorkflowId(payoutId)).signal(retryNow);
  const deaf = await hearOfPayouts(books, REST_WITHIN_MS, wake);
  say(`${deaf.length} payouts ended at Stripe, and are pending here after they were asked about`);
  const lost = [veza.psp, veza.stripe].flatMap(({ control }) => control.deliveries());
  return {
    run,
    bought,
    subscribed,
    accounts: await heldAgainst(),
    webhooks: { sent: lost.length, lost: lost.filter(({ state }) => state === 'lost').length },
    kills,
    stripeOutages,
    sweeps,
    unheardBeforeDrain,
    drains,
    restless,
    compared: await compareBooks(books),
    flags: await countFlags(database),
    audited: await audit(veza.env),
  };
}

async function countFlags({ sql }: DatabaseWithSql): Promise<Record<string, number>> {
  const rows = await sql<{ kind: string; count: number }[]>`
    SELECT kind, count(*)::int AS count FROM ops_flags GROUP BY kind ORDER BY kind`;
  return Object.fromEntries(rows.map(({ kind, count }) => [kind, count]));
}

/** In milliseconds: until every orphan that was missed once may be failed by another look. */
async function untilBelieved({ sql }: DatabaseWithSql): Promise<number> {
  const [row] = await sql<{ ms: number }[]>`
    SELECT coalesce(extract(epoch FROM max(orphan_missed_at) - clock_timestamp()) * 1000, 0)::float8 AS ms
    FROM refunds WHERE status = 'pending'`;
  return Math.max(0, (row?.ms ?? 0) + ORPHAN_GAP_MS + 1_000);
}

async function trade({ veza, run, say, database, temporal, onLine }: Parts, people: readonly Person[]) {
  const subscribed = nothingSubscribed();
  const bought: Bought = {
    orders: 0,
    refunds: 0,
    refusedRefunds: 0,
    repeated: 0,
    terminated: 0,
    disputes: 0,
    payouts: 0,
    refusedPayouts: 0,
    otherMode: 0,
  };
  const seeded = asShop(JSON.parse(await seed(['--json'], veza.env)) as Seeded);
  const offGrain = await sellOffGrain(veza, bought, seeded);
  const shop = { ...seeded, products: [...seeded.products, ...offGrain] };
  const terminate = (workflowId: string) =>
    temporal.workflow
      .getHandle(workflowId)
      .terminate('by the fault script')
      .then(() => true)
      .catch(() => false);
  const over = new AbortController();
  // Everybody who trades listens to it.
  setMaxListeners(0, over.signal);
  const heal = misbehave(veza, run.seed);
  const outages = breakStripe(veza, over.signal);
  const adminToken = seeded.adminToken;
  const joining = joinOn({ veza, run, database, temporal, onLine }, over.signal);
  const buying = Promise.all([
    joining,
    ...people.map((person, number) =>
      subscribeOn({ veza, person, adminToken, bought, subscribed, run, number, terminate }, over.signal),
    ),
    payOut({ veza, shop, bought, run }, over.signal),
    tellOfTheOtherMode({ veza, bought, run }, over.signal),
    ...Array.from({ length: run.buyers }, (_, number) =>
      buy({ veza, shop, bought, run, number, terminate }, over.signal),
    ),
  ]);
  // If a buyer fails, the run ends at once, not after its minutes.
  const failed = buying.then(() => undefined);
  const killing = killWorkers(veza, run, over.signal, (kills) =>
    say(
      `${bought.orders} orders, ${bought.refunds} refunds, ${subscribed.subscriptions} subscriptions; the worker is killed for the ${kills}. time`,
    ),
  );
  await Promise.race([sleep(run.forMs, undefined, { signal: over.signal }), failed]);
  over.abort();
  await buying;
  const heldAgainst = await joining;
  const kills = await killing;
  const stripeOutages = await outages;
  heal();
  say(
    `trading is over: ${bought.orders} orders, ${bought.refunds} refunds, ${subscribed.subscriptions} subscriptions, ${kills} kills`,
  );
  return { bought, subscribed, kills, stripeOutages, heldAgainst };
}

async function killWorkers(
  veza: Veza,
  { killEveryMs }: FaultRun,
  until: AbortSignal,
  told: (kills: number) => void,
): Promise<number> {
  for (let kills = 0; ; kills += 1) {
    await sleep(killEveryMs, undefined, { signal: until }).catch(() => undefined);
    if (until.aborted) return kills;
    const { pid } = veza.worker;
    veza.worker.kill();
    told(kills + 1);
    await isBack(veza.worker, pid, until);
  }
}

/** On a busy machine a worker that is killed by the clock would never be there long enough to work. */
async function isBack(worker: Veza['worker'], killedPid: number, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    const isReady =
      worker.pid !== killedPid &&
      (await worker.ready.then(
        () => true,
        () => false,
      ));
    if (isReady) return;
    await sleep(LOOK_EVERY_MS);
  }
}

interface Seeded {
  readonly buyer: { readonly token: string };
  readonly other_buyer: { readonly token: string };
  readonly admin: { readonly token: string };
  readonly sellers: readonly { readonly token: string }[];
  readonly products: Shop['products'];
}

const asShop = ({ buyer, other_buyer: other, admin, sellers, products }: Seeded) => ({
  adminToken: admin.token,
  tokens: [buyer.token, other.token],
  sellerTokens: sellers.map(({ token }) => token),
  products,
});
