import { createHmac } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../config.ts';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { type RunningServer, startServer } from '../../server.ts';
import { type PostgresMeter, startPostgresMeter } from '../../stack/postgres-meter.ts';
import { addOrder, addProduct, addUser, bearer, SECRET } from '../harness/api.ts';
import { createDatabaseFromTemplate, temporalAddress } from '../harness/services.ts';

// What the requests that come most often cost at PostgreSQL. The figures may only fall.

const WEBHOOK_SECRET = 'whsec_hyperswitch';
/** By then each statement is prepared on the connection that is used. */
const WARM_UP = 4;
/** Now and then one reads more, such as whether there is maintenance: the cheapest of these counts. */
const COUNTED = 3;

let meter: PostgresMeter;
let database: DatabaseWithSql;
let server: RunningServer;
let authorization: string;
let orderId: string;
let refundId: string;
beforeAll(async () => {
  const own = await createDatabaseFromTemplate();
  meter = await startPostgresMeter(own.url);
  database = openWithSql(own.url, { maxConnections: 1 });
  server = await startServer(
    readConfig({
      NODE_ENV: 'test',
      DATABASE_URL: meter.url,
      TEMPORAL_ADDRESS: temporalAddress(),
      PORT: '0',
      JWT_SECRET: SECRET,
      TRIAL_HASH_KEY: 'a-key-for-trials-of-the-tests-only',
      PERSONAL_DATA_KEYS: 'tests:YS1rZXktb2YtcGVyc29ucy1vZi10aGUtdGVzdHMtMDA=',
      LOG_LEVEL: 'silent',
      HYPERSWITCH_BASE_URL: 'http://127.0.0.1:1',
      HYPERSWITCH_API_KEY: 'snd_test',
      HYPERSWITCH_WEBHOOK_SECRET: WEBHOOK_SECRET,
      STRIPE_SECRET_KEY: 'sk_test_x',
      STRIPE_WEBHOOK_SECRET: 'whsec_stripe',
    }),
  );
  const [buyerId, sellerId] = [await addUser(database), await addUser(database, 'artist')];
  ({ Authorization: authorization } = await bearer({ sub: buyerId }));
  const productId = await addProduct(database, sellerId);
  ({ orderId } = await addOrder(database, { buyerId, sellerId, productId }, { status: 'refund_pending' }));
  refundId = uuidv7();
  await database.db.insert(refunds).values({
    ...{ id: refundId, orderId, amountMinor: 2500, currency: 'EUR' },
    ...{ status: 'pending', hyperswitchRefundId: refundId },
  });
  return async () => {
    await server.close();
    await database.close();
    await meter.close();
    await own.drop();
  };
});

const get = (path: string) => () => fetch(`${server.url}/api/v1${path}`, { headers: { authorization } });

const eventOf = (named: string, eventId = uuidv7()) =>
  JSON.stringify({
    merchant_id: 'shop',
    event_id: `evt_${eventId}`,
    event_type: 'refund_succeeded',
    content: {
      type: 'refund_details',
      object: {
        ...{ refund_id: named, payment_id: uuidv7(), status: 'succeeded', amount: 2500, currency: 'EUR' },
        updated_at: '2026-11-29T08:00:00.000Z',
      },
    },
    timestamp: '2026-11-29T08:00:00.000Z',
  });
const deliver = (body: string, secret = WEBHOOK_SECRET) =>
  fetch(`${server.url}/api/v1/webhooks/hyperswitch`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-webhook-signature-512': createHmac('sha512', secret).update(body).digest('hex'),
    },
    body,
  });
const repeatedUnknown = eventOf(uuidv7());

test.each<[string, { statements: number; roundTrips: number }, string, () => () => Promise<Response>]>([
  ['GET order', { statements: 2, roundTrips: 2 }, '200', () => get(`/marketplace/orders/${orderId}`)],
  ['GET refund', { statements: 2, roundTrips: 2 }, '200', () => get(`/marketplace/refunds/${refundId}`)],
  [
    'first delivery of a webhook',
    { statements: 3, roundTrips: 3 },
    '200 signalled',
    () => () => deliver(eventOf(refundId)),
  ],
  [
    'duplicate of a webhook that was signalled',
    { statements: 1, roundTrips: 1 },
    '200 signalled',
    () => {
      const repeated = eventOf(refundId);
      return () => deliver(repeated);
    },
  ],
  [
    'webhook of an unknown refund',
    // One more since subscriptions have payments of their own, which it may be of.
    { statements: 4, roundTrips: 4 },
    '200 unmatched',
    () => () => deliver(eventOf(uuidv7())),
  ],
  [
    'duplicate of a webhook of an unknown refund',
    // One more since subscriptions have payments of their own, which it may be of.
    { statements: 4, roundTrips: 4 },
    '200 unmatched',
    () => () => deliver(repeatedUnknown),
  ],
  [
    'webhook with a bad signature',
    { statements: 0, roundTrips: 0 },
    '401',
    () => () => deliver(eventOf(refundId), 'another-secret'),
  ],
])('statements and round trips: %s', async (_, most, answer, make) => {
  const ask = make();
  const costs: ReturnType<PostgresMeter['read']>[] = [];
  for (let turn = 0; turn < WARM_UP + COUNTED; turn += 1) {
    meter.reset();
    const response = await ask();
    const { outcome } = (await response.json()) as { outcome?: string };
    expect([response.status, outcome].join(' ').trim()).toBe(answer);
    costs.push(meter.read());
  }
  const [least] = costs.slice(WARM_UP).toSorted((a, b) => a.statements - b.statements);
  const { statements, roundTrips, texts } = least!;
  expect({ statements, roundTrips }, texts.join('\n')).toEqual(most);
});
