import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, expect, test } from 'vitest';
import { checkBooks } from '../../db/invariants/index.ts';
import { keepAsk } from '../../db/kernel/index.ts';
import { advance } from '../../db/subscriptions/advance.ts';
import { askAttempt } from '../../db/subscriptions/attempts/ask.ts';
import { settleAttempt } from '../../db/subscriptions/attempts/settle.ts';
import { carryOutAsk } from '../../db/subscriptions/carry-out.ts';
import { settleSetup } from '../../db/subscriptions/settle-setup.ts';
import { openSubscription } from '../../db/subscriptions/subscribe.ts';
import type { AskedOfSubscription, AskedSubscription } from '../../domain/subscriptions/asked.ts';
import { BILLING_CYCLES } from '../../domain/subscriptions/index.ts';
import type { DatabaseWithSql } from '../../sandbox/database.ts';
import { ownDatabase } from '../marketplace/verbs.ts';
import { captured, CARD, failed, termsAt } from './paid-rows.ts';
import { billingOn, DAY_MS } from './verbs.ts';

// Anybody asks anything at any time, twice and at once, and the PSP says anything of any payment, late and again.

let database: DatabaseWithSql;
let billing: ReturnType<typeof billingOn>;
beforeAll(async () => {
  database = await ownDatabase();
  billing = billingOn(database);
});

const plan = fc.constantFrom('creator', 'premium', 'free');
const cycle = fc.constantFrom(...BILLING_CYCLES);
/** Mostly the newest. */
const which = fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: fc.nat(5), weight: 1 });
const anyMove = fc.oneof(
  fc.record({
    kind: fc.constant('subscribe' as const),
    planId: plan,
    billingCycle: cycle,
    trial: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('ask' as const),
    what: fc.constantFrom('cancel', 'reactivate', 'reactivate', 'pay', 'pay', 'payment_method'),
    which,
  }),
  fc.record({ kind: fc.constant('change' as const), planId: plan, billingCycle: cycle, which }),
  fc.record({ kind: fc.constant('advance' as const), which }),
  fc.record({ kind: fc.constant('settle' as const), which, isCaptured: fc.boolean(), hasCard: fc.boolean() }),
);
const paying = fc.record({
  kind: fc.constant('settle' as const),
  which: fc.nat(3),
  isCaptured: fc.constant(true),
  hasCard: fc.constant(true),
});
const waking = fc.record({ kind: fc.constant('advance' as const), which: fc.constant(0) });
const move = fc.oneof(
  { arbitrary: waking, weight: 2 },
  { arbitrary: anyMove, weight: 3 },
  { arbitrary: paying, weight: 1 },
);
type Move = typeof move extends fc.Arbitrary<infer One> ? One : never;

/** Most have paid for something. */
const begun = fc.option(
  fc.record({ planId: fc.constantFrom('creator', 'premium'), billingCycle: cycle }).map((wish): Move[] => [
    { kind: 'subscribe', trial: false, ...wish },
    { kind: 'settle', which: 0, isCaptured: true, hasCard: true },
  ]),
  { nil: [], freq: 4 },
);

/** Some moves at once, and how much billing time passes before them. */
const round = fc.record({
  passedMs: fc.constantFrom(0, 0, 60_000, DAY_MS, 13 * DAY_MS, 40 * DAY_MS),
  moves: fc.array(move, { minLength: 1, maxLength: 3 }),
});

const cardOf = (userId: string) => ({ ...CARD, providerPaymentMethodId: `pm_${userId}` });

async function runRound(userId: string, now: Date, moves: readonly Move[]): Promise<void> {
  const terms = termsAt(now);
  const rows = await database.sql<{ id: string }[]>`
    SELECT id FROM subscriptions WHERE user_id = ${userId} ORDER BY created_at DESC, id`;
  const attempts = await database.sql<{ id: string; amount: number }[]>`
    SELECT p.id, p.amount_minor::int AS amount FROM invoice_payments p JOIN invoices i ON i.id = p.invoice_id
    JOIN subscriptions s ON s.id = i.subscription_id WHERE s.user_id = ${userId} ORDER BY p.created_at DESC, p.id`;
  const askOf = async (at: number, wish: object) => {
    const row = rows[at % Math.max(rows.length, 1)];
    if (row === undefined) return;
    const askId = uuidv7();
    await keepAsk(database.db, askId, { kind: 'subscription_ask', userId, ...wish } as AskedOfSubscription);
    await carryOutAsk(database.db, { subscriptionId: row.id, askId }, terms);
  };
  /** As its workflow does, up to the first call to the PSP. */
  const advanceOf = async (at: number) => {
    const row = rows[at % Math.max(rows.length, 1)];
    if (row === undefined) return;
    const step = await advance(database.db, row.id, terms);
    if (step.kind === 'ask') await askAttempt(database.db, step.attemptId, terms);
    if (step.kind === 'set_up')
      await settleSetup(database.db, step.setupId, { verdict: 'captured', card: cardOf(userId) }, terms);
    if (step.kind === 'end') await settleAttempt(database.db, step.attemptId, failed('cancelled'), terms);
  };
  const run = async (one: Move): Promise<void> => {
    const attempt = 'which' in one ? attempts[one.which % Math.max(attempts.length, 1)] : undefined;
    switch (one.kind) {
      case 'subscribe': {
        const { planId, billingCycle, trial } = one;
        const askId = uuidv7();
        const ask: AskedSubscription = { kind: 'subscription', userId, planId, billingCycle, trial };
        await keepAsk(database.db, askId, ask);
        const first = await openSubscription(database.db, { subscriptionId: askId, askId }, terms);
        if ('elsewhere' in first)
          await openSubscription(database.db, { subscriptionId: first.elsewhere, askId }, terms);
        return;
      }
      case 'ask':
        return askOf(one.which, { do: one.what });
      case 'change':
        return askOf(one.which, { do: 'change', planId: one.planId, billingCycle: one.billingCycle });
      case 'advance':
        return advanceOf(one.which);
      case 'settle': {
        if (attempt === undefined) return;
        const card = one.hasCard ? cardOf(userId) : null;
        const report = one.isCaptured ? captured(attempt.amount, { card }) : failed('insufficient_funds');
        await settleAttempt(database.db, attempt.id, report, terms);
      }
    }
  };
  await Promise.all(moves.map(run));
}

/** Rows that must not be, by what is wrong with them. */
async function wrongRows(userId: string) {
  const [counted] = await database.sql`
    WITH own AS (SELECT * FROM subscriptions WHERE user_id = ${userId}),
      bills AS (SELECT i.* FROM invoices i JOIN own ON own.id = i.subscription_id),
      tries AS (SELECT p.*, b.status AS invoice_status FROM invoice_payments p JOIN bills b ON b.id = p.invoice_id)
    SELECT
      (SELECT count(*)::int FROM own WHERE status NOT IN ('expired', 'canceled')) > 1 AS two_live,
      (SELECT count(*)::int FROM tries WHERE status = 'pending' AND end_requested_at IS NULL
        AND invoice_status <> 'open') AS wanted_for_nothing,
      (SELECT count(*)::int FROM bills b JOIN own ON own.id = b.subscription_id
        WHERE b.status = 'open' AND own.status IN ('expired', 'canceled')) AS open_of_dead,
      (SELECT count(*)::int FROM bills b WHERE b.status NOT IN ('open', 'void') AND 1 <> (SELECT count(*) FROM tries t
        WHERE t.invoice_id = b.id AND t.status = 'succeeded' AND t.amount_minor = b.amount_minor)) AS paid_by_none_or_two,
      (SELECT coalesce(sum(received_minor), 0)::int FROM tries) - (SELECT coalesce(sum(amount_minor), 0)::int
        FROM bills WHERE status NOT IN ('open', 'void')) - (SELECT coalesce(sum(r.amount_minor), 0)::int FROM refunds r
        JOIN bills b ON b.id = r.invoice_id WHERE r.kind = 'payment_returned') AS money_nowhere,
      (SELECT count(*)::int FROM bills a JOIN bills b ON a.id < b.id AND a.subscription_id = b.subscription_id
        AND a.reason <> 'change' AND b.reason <> 'change' AND a.status <> 'void' AND b.status <> 'void'
        AND a.period_start < b.period_end AND b.period_start < a.period_end) AS same_days_twice,
      (SELECT count(*)::int FROM own WHERE status = 'active' AND NOT EXISTS (SELECT FROM bills b
        WHERE b.subscription_id = own.id AND b.number IS NOT NULL)) AS active_unpaid,
      (SELECT count(*)::int FROM subscription_changes c JOIN own ON own.id = c.subscription_id
        WHERE c.status IN ('pending', 'scheduled') AND own.status IN ('expired', 'canceled')) AS change_of_dead`;
  return counted;
}

const NONE_WRONG = {
  two_live: false,
  wanted_for_nothing: 0,
  open_of_dead: 0,
  paid_by_none_or_two: 0,
  money_nowhere: 0,
  same_days_twice: 0,
  active_unpaid: 0,
  change_of_dead: 0,
};

const RUNS = Number(process.env['RANDOM_ASKS'] ?? 30);

test('random asks, at once with random reports of the PSP: no rule is broken, and no verb fails', async () => {
  await fc.assert(
    fc.asyncProperty(begun, fc.array(round, { minLength: 4, maxLength: 12 }), async (first, rounds) => {
      const userId = await billing.makePerson();
      let now = Date.now() + DAY_MS;
      for (const one of first) await runRound(userId, new Date(now), [one]);
      for (const { passedMs, moves } of rounds) {
        now += passedMs + 1_000;
        await runRound(userId, new Date(now), moves);
        expect(await wrongRows(userId)).toEqual(NONE_WRONG);
      }
    }),
    { numRuns: RUNS },
  );
  const broken = (await checkBooks(database.db)).filter(({ violations }) => violations.length > 0);
  expect(broken).toEqual([]);
}, 120_000);
