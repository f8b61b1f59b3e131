import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { orders } from '../../db/marketplace/orders/schema.ts';
import { sellerAccounts } from '../../db/sellers/schema.ts';
import { invoicePayments } from '../../db/subscriptions/invoices/schema.ts';
import { paymentMethods } from '../../db/subscriptions/schema.ts';
import { users } from '../../db/accounts/schema.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { lookThrough, readableIn } from '../engine/payloads.ts';
import { taskQueuesOf } from '../../engine/task-queues.ts';
import { World } from '../harness/world.ts';
import { recordHistory, type RecordedHistory } from './files.ts';
import { PATHS, REASON } from './paths.ts';

// Every path of every workflow, on the real engine. `npm run histories:record` keeps what it sees.

const isRecording = process.env['RECORD_HISTORIES'] === 'true';

/** Waits long enough to be looked at, and ends soon. */
const RETRIES = {
  PSP_READ_LAG: '1s',
  TRANSFER_RETRY_MAX_RETRIES: '2',
  TRANSFER_RETRY_BACKOFF_BASE: '200ms',
  REVERSAL_MAX_RETRIES: '4',
  REVERSAL_BACKOFF_BASE: '300ms',
  REVERSAL_BACKOFF_MAX: '1s',
  MAIL_GIVE_UP_AFTER: '5s',
  MAIL_RETRY_BASE: '1s',
  MAIL_RETRY_MAX: '2s',
  EXPORT_RETRY_BASE: '300ms',
};

describe('every path of a workflow', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: RETRIES });
  });
  beforeEach(() => {
    world.psp.control.clearFaults();
    world.stripe.control.clearFaults();
    world.smtp.control.clearFaults();
    world.psp.control.setRefundMode('auto');
    world.stripe.control.setPayoutMode('auto');
  });
  afterAll(() => world.close());

  it.each(Object.entries(PATHS))(
    '%s: nothing personal is in its history, and each activity and timer says what it is for',
    async (name, play) => {
      const { workflowId, runId, open } = await play(world);
      const handle = world.temporal.workflow.getHandle(workflowId, runId);
      const history = await handle.fetchHistory();
      const status = open ? 'RUNNING' : runId === undefined ? 'COMPLETED' : 'CONTINUED_AS_NEW';
      expect((await handle.describe()).status.name).toBe(status);
      if (isRecording) recordHistory(name, history);
      expect(unnamed(history)).toEqual([]);
      if (open) {
        await open();
        await handle.result();
      }
      expectImpersonal(readableIn(await lookThrough(world, workflowId)), await secretsOf(world));
    },
  );

  it('after all of them the books are clean, and no other history holds anything personal', async () => {
    await expectCleanBooks(world);
    const secrets = await secretsOf(world);
    let looked = 0;
    for (const queue of Object.values(taskQueuesOf(world.config))) {
      for await (const { workflowId } of world.temporal.workflow.list({ query: `TaskQueue = "${queue}"` })) {
        expectImpersonal(readableIn(await lookThrough(world, workflowId)), secrets);
        looked += 1;
      }
    }
    expect(looked).toBeGreaterThan(Object.keys(PATHS).length);
  });
});

/** Activities and timers that Temporal's UI shows without a word of what they are for. */
const unnamed = ({ events }: RecordedHistory): string[] =>
  (events ?? []).flatMap((event) => {
    const activity = event.activityTaskScheduledEventAttributes?.activityType?.name;
    const timer = event.timerStartedEventAttributes?.timerId;
    const name = activity ?? (timer === undefined ? undefined : `timer ${timer}`);
    return name && !event.userMetadata?.summary?.data?.length ? [name] : [];
  });

/** What the world knows of people and must not tell: e-mail, titles of what they bought, secrets, their own words. */
async function secretsOf(world: World): Promise<string[]> {
  const { db } = world.database;
  const people = await db.select({ email: users.email }).from(users);
  const paid = await db.select({ secret: orders.paymentClientSecret }).from(orders);
  const links = await db.select({ url: sellerAccounts.linkUrl }).from(sellerAccounts);
  const cards = await db.select().from(paymentMethods);
  const attempts = await db.select({ secret: invoicePayments.clientSecret }).from(invoicePayments);
  return [
    ...cards.flatMap(({ providerPaymentMethodId, brand }) => [providerPaymentMethodId, brand]),
    ...attempts.flatMap(({ secret }) => (secret === null ? [] : [secret])),
    ...people.map(({ email }) => email),
    ...paid.flatMap(({ secret }) => (secret === null ? [] : [secret])),
    ...links.flatMap(({ url }) => (url === null ? [] : [url])),
    REASON,
    'A beat',
    world.config.HYPERSWITCH_API_KEY,
    world.config.STRIPE_SECRET_KEY,
    ...world.config.HYPERSWITCH_WEBHOOK_SECRET,
    ...world.config.STRIPE_WEBHOOK_SECRET,
    world.config.JWT_SECRET!,
  ];
}

const E_MAIL = /[\w.+-]+@[\w-]+\.[a-z]{2,}/i;
const TOKEN = /\beyJ[\w-]+\.[\w-]+\.[\w-]+/;
const CARD = /\b(?:\d[ -]?){13,19}\b/;
/** Ours are everywhere, and some happen to be digits for as long as a card's number. */
const UUID = /[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/gi;

function expectImpersonal(text: string, secrets: readonly string[]): void {
  const found = secrets.filter((secret) => text.includes(secret));
  expect(found).toEqual([]);
  expect(text).not.toMatch(E_MAIL);
  expect(text).not.toMatch(TOKEN);
  expect(text.replaceAll(UUID, 'id')).not.toMatch(CARD);
}
