import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeMail } from '../../db/accounts/index.ts';
import { listSweepRows } from '../../db/reconcile/sweep.ts';
import type { MailText } from '../../domain/mails.ts';
import { makePerson } from '../harness/shop.ts';
import { type Person, World } from '../harness/world.ts';
import { codeOf } from './support.ts';

const MONTHLY = '01998000-0000-7000-8000-000000000002';

let world: World;
let admin: Person;
beforeAll(async () => {
  world = await World.create({ worker: false });
  admin = await makePerson(world, 'admin');
});
afterAll(() => world.close());

/** A subscription with an open invoice and its payment, written past the verbs. */
async function subscribed(
  set: {
    readonly dueMinutesAgo?: number;
    readonly askedBy?: 'buyer' | 'card';
    /** Null: the PSP has not answered. */
    readonly says?: string | null;
  } = {},
) {
  const person = await makePerson(world, 'user');
  const { sql } = world.database;
  const subscriptionId = uuidv7();
  const invoiceId = uuidv7();
  await sql`
    INSERT INTO subscriptions (id, user_id, price_id, status, next_due_at, created_at)
    VALUES (${subscriptionId}, ${person.id}, ${MONTHLY}, 'past_due', now() - ${set.dueMinutesAgo ?? null}::int * interval '1 minute', now() - interval '3 hours')`;
  await sql`
    INSERT INTO invoices (id, subscription_id, price_id, reason, status, amount_minor, currency, issued_to, created_at)
    VALUES (${invoiceId}, ${subscriptionId}, ${MONTHLY}, 'renewal', 'open', 999, 'USD', '{}', now() - interval '3 hours')`;
  await sql`
    INSERT INTO invoice_payments (id, invoice_id, attempt, on_session, amount_minor, currency, provider_status, asked_at, created_at)
    VALUES (${invoiceId}, ${invoiceId}, 1, ${set.askedBy === 'buyer'}, 999, 'USD', ${set.says ?? null}, now() - interval '2 hours', now() - interval '2 hours')`;
  return { person, subscriptionId, invoiceId };
}

const SWEEP_AGES = {
  ...{ orderStuckAfterMs: 0, refundStuckAfterMs: 0, refundOrphanAfterMs: 0, invoiceStuckAfterMs: 1_800_000 },
  billing: { time: { scale: 1, startMs: 0 }, renewalGraceMs: 259_200_000 },
};

const stuck = async (kind: string) =>
  (await world.get(admin, `/admin/stuck?kinds=${kind}`)).body['data'] as readonly Record<string, unknown>[];

describe('what is stuck of subscriptions', () => {
  it('stuck_invoices: an attempt without an outcome, with its money, and what it waits for', async () => {
    const byCard = await subscribed({ says: 'processing' });
    const byBuyer = await subscribed({ askedBy: 'buyer', says: 'requires_payment_method' });
    const rows = await stuck('invoice');
    const of = (id: string) => rows.find((row) => row['subject'] === `invoice/${id}`)!;
    expect(of(byCard.invoiceId)).toMatchObject({
      kind: 'invoice',
      status: 'open',
      amount: 999,
      currency: 'USD',
      waiting_for: 'psp_word',
      retry_count: 0,
    });
    expect(of(byCard.invoiceId)['next']).toContain('its webhook decides');
    expect(of(byBuyer.invoiceId)).toMatchObject({ waiting_for: 'buyer' });
    await world.database.sql`UPDATE invoice_payments SET status = 'failed' WHERE id = ${byCard.invoiceId}`;
    expect((await stuck('invoice')).map((row) => row['subject'])).not.toContain(
      `invoice/${byCard.invoiceId}`,
    );
  });

  it.each([
    ['card', null, 'psp', 'asked without end'],
    ['buyer', null, 'psp', 'asked without end'],
    ['buyer', 'processing', 'psp_word', 'its webhook decides'],
    ['buyer', 'requires_customer_action', 'buyer', 'waits for its buyer'],
  ] as const)(
    'a payment by the %s of which the PSP says %s waits for: %s',
    async (askedBy, says, waits, next) => {
      const { invoiceId, subscriptionId } = await subscribed({ askedBy, says });
      const row = (await stuck('invoice')).find((one) => one['subject'] === `invoice/${invoiceId}`)!;
      expect(row['waiting_for']).toBe(waits);
      expect(row['next']).toContain(next);
      const story = (await world.get(admin, `/admin/story?subject=subscription/${subscriptionId}`)).body[
        'story'
      ]!;
      expect(story['rows'].find((one) => one['subject'] === `invoice/${invoiceId}`)).toMatchObject({
        waiting_for: waits,
      });
    },
  );

  it('stuck_invoices: since it was asked for, as the sweep counts; since it was written where the PSP was never reached', async () => {
    const { sql } = world.database;
    const [asked, recently, never] = [await subscribed(), await subscribed(), await subscribed()];
    await sql`UPDATE invoice_payments SET asked_at = now() - interval '10 minutes' WHERE id = ${recently.invoiceId}`;
    await sql`UPDATE invoice_payments SET asked_at = NULL WHERE id = ${never.invoiceId}`;
    const subjects = (await stuck('invoice')).map((row) => row['subject']);
    expect(subjects).toEqual(
      expect.arrayContaining([`invoice/${asked.invoiceId}`, `invoice/${never.invoiceId}`]),
    );
    expect(subjects).not.toContain(`invoice/${recently.invoiceId}`);
    const ask = { phase: 'stuck_invoices', engineRebuilt: false, ...SWEEP_AGES } as const;
    const swept = await listSweepRows(
      world.database.db,
      { ...ask, lookedBefore: new Date().toISOString() },
      100,
    );
    expect(swept).toContain(asked.invoiceId);
    expect(swept).not.toContain(recently.invoiceId);
  });

  it('overdue_subscriptions: due ten minutes ago and more, and none that is due now', async () => {
    const overdue = await subscribed({ dueMinutesAgo: 75 });
    await subscribed({ dueMinutesAgo: 5 });
    await subscribed();
    const rows = await stuck('subscription');
    expect(rows.map((row) => row['subject'])).toEqual([`subscription/${overdue.subscriptionId}`]);
    expect(rows[0]).toMatchObject({ status: 'past_due', amount: 999, currency: 'USD' });
    expect(rows[0]!['next']).toContain('starts or wakes its workflow');
  });

  it.each([
    ['phantom', 'npm run ops -- phantoms'],
    ['renewal_unanswered', 'grace'],
    ['double_payment', 'goes back as a refund'],
    ['psp_retries_itself', 'Switch its automatic retries off'],
  ])('the flag %s says what comes next', async (kind, words) => {
    const { subscriptionId } = await subscribed();
    const { sql } = world.database;
    await sql`
      INSERT INTO ops_flags (id, kind, subject, detail)
      VALUES (${uuidv7()}, ${kind}, ${`subscription/${subscriptionId}`}, 'as the test says')`;
    const row = (await stuck('flag')).find((one) => one['status'] === kind)!;
    expect(row).toMatchObject({ subject: `subscription/${subscriptionId}`, last_error: 'as the test says' });
    expect(row['next']).toContain(words);
  });
});

describe('the story of a subscription', () => {
  const ask = (subject: string) => world.get(admin, `/admin/story?subject=${encodeURIComponent(subject)}`);

  it('has its invoices, their payments, what the PSP told and what was flagged, by any id of it', async () => {
    const { subscriptionId, invoiceId, person } = await subscribed();
    const { sql } = world.database;
    const secondId = uuidv7();
    const setupId = uuidv7();
    await sql`UPDATE invoice_payments SET status = 'failed', decline_code = 'insufficient_funds', decline_class = 'retry',
      error_message = 'no funds' WHERE id = ${invoiceId}`;
    await sql`
      INSERT INTO invoice_payments (id, invoice_id, attempt, on_session, amount_minor, currency)
      VALUES (${secondId}, ${invoiceId}, 2, false, 999, 'USD')`;
    await sql`
      INSERT INTO invoice_lines (id, invoice_id, position, kind, description, amount_minor)
      VALUES (${uuidv7()}, ${invoiceId}, 0, 'plan', 'Creator (monthly)', 999)`;
    await sql`INSERT INTO card_setups (id, subscription_id) VALUES (${setupId}, ${subscriptionId})`;
    await sql`
      INSERT INTO webhook_events (id, provider, event_id, type, about, body, outcome)
      VALUES (${uuidv7()}, 'hyperswitch', ${secondId}, 'payment_processing', ${secondId}, '{}', 'signalled')`;
    await sql`
      INSERT INTO ops_flags (id, kind, subject, detail)
      VALUES (${uuidv7()}, 'double_payment', ${`invoice/${invoiceId}`}, 'both succeeded')`;

    const answer = await ask(`subscription/${subscriptionId}`);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    const story = answer.body['story']!;
    expect(story['rows'].map((row) => [row['subject'], row['status']])).toEqual([
      [`subscription/${subscriptionId}`, 'past_due'],
      [`invoice/${invoiceId}`, 'open'],
    ]);
    expect(story['rows'][1]).toMatchObject({ waiting_for: 'psp', retry_count: 1, provider_id: secondId });
    const texts = story['events'].map((event) => event['text']);
    expect(texts).toContain('It began (creator, monthly).');
    expect(texts).toContain('An invoice was written, for a renewal.');
    expect(texts).toContain(
      'Payment 1, from the card on file, failed (insufficient_funds, retry): no funds.',
    );
    expect(texts).toContain('Payment 2, from the card on file, has no outcome yet.');
    expect(texts).toContain('Flagged as double_payment: both succeeded');
    expect(texts.some((text) => text.startsWith('Webhook payment_processing'))).toBe(true);
    const began = story['events'].find((event) => event['text'].startsWith('It began'));
    expect(began).toMatchObject({ by: person.id });
    for (const id of [subscriptionId, invoiceId, secondId, setupId, `invoice/${invoiceId}`]) {
      expect((await ask(id)).body['story']!['events'], id).toEqual(story['events']);
    }
  });

  it('has its mails, each of its row, and none of somebody else’s', async () => {
    const { subscriptionId, invoiceId, person } = await subscribed();
    const other = await subscribed();
    await world.database.db.transaction(async (tx) => {
      const mail = (subject: string, text: MailText) =>
        writeMail(tx, { userId: person.id, subject, ...text });
      const unpaid = { plan: 'Creator', invoice_id: invoiceId, amount: 999, currency: 'USD' };
      const failed: MailText = {
        kind: 'payment_failed',
        params: { ...unpaid, decline_code: null, next: 'another_card', next_at: null },
      };
      await mail(`invoice/${invoiceId}`, {
        kind: 'trial_started',
        params: { plan: 'Creator', ends_at: '2027-01-01T00:00:00.000Z' },
      });
      await mail(`invoice/${invoiceId}/dunning/1`, failed);
      const at = '2027-01-01T00:00:00.000Z';
      const renews = { plan: 'Creator', amount: 999, currency: 'USD', at };
      await mail(`subscription/${subscriptionId}/${at}`, { kind: 'year_renews_soon', params: renews });
      await mail(`invoice/${other.invoiceId}/dunning/1`, failed);
    });
    const events = (await ask(subscriptionId)).body['story']!['events'];
    const told = events.filter(({ kind }) => kind === 'mail');
    expect(told.map(({ subject, text }) => [subject, text])).toEqual([
      [`invoice/${invoiceId}`, 'A mail was written: trial started.'],
      [`invoice/${invoiceId}`, 'A mail was written: payment failed.'],
      [`subscription/${subscriptionId}`, 'A mail was written: year renews soon.'],
    ]);
    expect(told[0]).toMatchObject({ detail: { plan: 'Creator' } });
  });

  it('names no mail address and no client secret', async () => {
    const { subscriptionId, invoiceId } = await subscribed();
    const { sql } = world.database;
    await sql`UPDATE invoices SET issued_to = '{"userId":"x","email":"issued-to@people.example"}' WHERE id = ${invoiceId}`;
    await sql`UPDATE invoice_payments SET client_secret = 'pay_secret_x' WHERE id = ${invoiceId}`;
    const told = JSON.stringify((await ask(subscriptionId)).body);
    expect(told).not.toContain('issued-to@people.example');
    expect(told).not.toContain('pay_secret_x');
  });

  it('of a flag about the PSP itself tells that flag, and how it is cleared', async () => {
    const { sql } = world.database;
    const id = uuidv7();
    await sql`
      INSERT INTO ops_flags (id, kind, subject, detail)
      VALUES (${id}, 'psp_retries_itself', 'hyperswitch', 'it made 3 attempts of its own')`;
    const story = (await ask(`flag/${id}`)).body['story']!;
    expect(story['rows']).toMatchObject([
      {
        subject: `flag/${id}`,
        status: 'open',
        last_error: 'it made 3 attempts of its own',
        actions: [{ action: 'clear_flag' }],
      },
    ]);
    expect(story['events'].map((event) => event['text'])).toContain(
      'Flagged as psp_retries_itself: it made 3 attempts of its own',
    );
  });

  it('is not there for an id that nobody has', async () => {
    for (const kind of ['subscription', 'invoice', 'attempt', 'setup'])
      expect(codeOf(await ask(`${kind}/${uuidv7()}`)), kind).toEqual([404, 'subject_not_found']);
  });
});
