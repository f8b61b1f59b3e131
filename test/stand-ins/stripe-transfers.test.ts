import Stripe from 'stripe';
import { expect, test } from 'vitest';
import { refusal, sdk, stripeWorld, WEBHOOK_SECRET } from './stripe-harness.ts';

test('a transfer is created, found again, and told by a webhook that the SDK verifies', async () => {
  const { control, receiver, stripe, transfer } = await stripeWorld();
  const made = await transfer('k1', {
    transfer_group: 'order_1',
    metadata: { order_id: 'o1', transfer_id: 't1' },
  });
  expect(made).toMatchObject({
    object: 'transfer',
    amount: 948,
    amount_reversed: 0,
    currency: 'eur',
    reversed: false,
    metadata: { order_id: 'o1', transfer_id: 't1' },
    reversals: {
      object: 'list',
      data: [],
      has_more: false,
      total_count: 0,
      url: `/v1/transfers/${made.id}/reversals`,
    },
  });
  expect(made.lastResponse.requestId).toMatch(/^req_/);
  expect(await stripe.transfers.retrieve(made.id)).toMatchObject({ id: made.id, transfer_group: 'order_1' });
  expect(control.accountBalance('acct_seller1')).toEqual({ eur: 948 });

  await control.waitForDelivery((d) => d.type === 'transfer.created');
  const { body = '', headers } = receiver.received[0] ?? {};
  const event = await stripe.webhooks.constructEventAsync(
    body,
    String(headers?.['stripe-signature']),
    WEBHOOK_SECRET,
  );
  expect(event).toMatchObject({
    object: 'event',
    type: 'transfer.created',
    data: { object: { id: made.id } },
  });
});

test('reversals: partial, then the rest; reversed only when wholly reversed', async () => {
  const { control, stripe, transfer } = await stripeWorld();
  const { id } = await transfer('k1');
  const part = await stripe.transfers.createReversal(
    id,
    { amount: 100, metadata: { reversal_id: 'r1' } },
    { idempotencyKey: 'r1' },
  );
  expect(part).toMatchObject({
    object: 'transfer_reversal',
    amount: 100,
    currency: 'eur',
    transfer: id,
    metadata: { reversal_id: 'r1' },
  });
  expect(await stripe.transfers.retrieve(id)).toMatchObject({ amount_reversed: 100, reversed: false });
  expect(await refusal(stripe.transfers.createReversal(id, { amount: 849 }))).toMatchObject({
    statusCode: 400,
    message: 'Transfer reversal amount (€8.49) is greater than unreversed amount on transfer (€8.48)',
  });
  const rest = await stripe.transfers.createReversal(id, {}, { idempotencyKey: 'r2' });
  expect(rest.amount).toBe(848);
  expect(await stripe.transfers.retrieve(id)).toMatchObject({
    amount_reversed: 948,
    reversed: true,
    reversals: { total_count: 2 },
  });
  const already = await refusal(stripe.transfers.createReversal(id, {}));
  expect(already).toBeInstanceOf(Stripe.errors.StripeInvalidRequestError);
  expect(already).toMatchObject({
    statusCode: 400,
    message: `The transfer ${id} is already fully reversed.`,
  });
  expect(already.code).toBeUndefined();
  expect(await stripe.transfers.retrieveReversal(id, part.id)).toMatchObject({ id: part.id });
  await control.idle();
  expect(control.deliveries().map((d) => d.type)).toEqual([
    'transfer.created',
    'transfer.reversed',
    'transfer.reversed',
  ]);
});

test('lists: filters, cursors, auto-paging, reversals too', async () => {
  const { stripe, transfer } = await stripeWorld();
  const ids: string[] = [];
  for (let n = 0; n < 13; n += 1)
    ids.push((await transfer(`k${n}`, { transfer_group: n % 2 ? 'odd' : 'even' })).id);
  await transfer('other', { destination: 'acct_other' });

  const first = await stripe.transfers.list({ destination: 'acct_seller1' });
  expect(first.data.map((t) => t.id)).toEqual(ids.toReversed().slice(0, 10));
  expect(first.has_more).toBe(true);
  const next = await stripe.transfers.list({
    destination: 'acct_seller1',
    starting_after: first.data.at(-1)?.id ?? '',
  });
  expect(next.data.map((t) => t.id)).toEqual(ids.slice(0, 3).toReversed());
  expect(next.has_more).toBe(false);
  const back = await stripe.transfers.list({
    destination: 'acct_seller1',
    ending_before: next.data[0]?.id ?? '',
    limit: 2,
  });
  expect(back.data.map((t) => t.id)).toEqual([ids[4], ids[3]]);
  expect((await stripe.transfers.list({ transfer_group: 'odd', limit: 100 })).data).toHaveLength(6);
  const nowSeconds = Math.floor(Date.now() / 1_000);
  expect((await stripe.transfers.list({ created: { gt: nowSeconds + 5 } })).data).toEqual([]);
  expect((await stripe.transfers.list({ created: { gte: nowSeconds - 60 }, limit: 100 })).data).toHaveLength(
    14,
  );

  const [big = ''] = ids;
  for (let n = 0; n < 12; n += 1) await stripe.transfers.createReversal(big, { amount: 1, metadata: { n } });
  const seen: string[] = [];
  for await (const reversal of stripe.transfers.listReversals(big, { limit: 5 }))
    seen.push(String(reversal.metadata?.['n']));
  expect(seen).toEqual(['11', '10', '9', '8', '7', '6', '5', '4', '3', '2', '1', '0']);
});

test('errors are the table of the wire page, by the SDK’s classes', async () => {
  const { control, sandbox, stripe, transfer } = await stripeWorld({ autoAccounts: false });
  expect(await refusal(stripe.transfers.createReversal('tr_x', { amount: 1 }))).toMatchObject({
    type: 'StripeInvalidRequestError',
    statusCode: 404,
    code: 'resource_missing',
    message: "No such transfer: 'tr_x'",
  });
  expect(await refusal(transfer('k'))).toMatchObject({
    statusCode: 400,
    code: 'resource_missing',
    message: "No such destination: 'acct_seller1'",
  });
  control.ensureAccount('acct_seller1');
  // That refusal came from the endpoint, so its key is spent.
  expect(await refusal(transfer('k'))).toMatchObject({ message: "No such destination: 'acct_seller1'" });
  expect(await refusal(transfer('k2', { source_transaction: 'pi_1' }))).toMatchObject({
    message: "No such charge: 'pi_1'",
  });
  expect(await refusal(transfer('k3', { amount: 0 }))).toMatchObject({
    code: 'parameter_invalid_integer',
    param: 'amount',
  });
  expect(
    await refusal(stripe.transfers.create({ currency: 'eur', destination: 'acct_seller1' })),
  ).toMatchObject({
    code: 'parameter_missing',
  });
  const wrongKey = await refusal(sdk(sandbox.port, 'sk_test_other').transfers.retrieve('tr_x'));
  expect(wrongKey).toBeInstanceOf(Stripe.errors.StripeAuthenticationError);
  control.addFault({ kind: 'status', status: 403, match: 'transfers.retrieve' });
  expect(await refusal(stripe.transfers.retrieve('tr_x'))).toBeInstanceOf(
    Stripe.errors.StripePermissionError,
  );
  control.addFault({ kind: 'status', status: 429, headers: { 'retry-after': '2' } });
  const limited = await refusal(stripe.transfers.retrieve('tr_x'));
  expect(limited).toBeInstanceOf(Stripe.errors.StripeRateLimitError);
  expect(limited.headers?.['retry-after']).toBe('2');
  control.addFault({ kind: 'status', status: 503, match: 'GET /v1/transfers/.*' });
  expect(await refusal(stripe.transfers.retrieve('tr_x'))).toBeInstanceOf(Stripe.errors.StripeAPIError);
});

test('not enough funds, at the platform and at the seller', async () => {
  const { control, stripe, transfer } = await stripeWorld();
  control.setPlatformBalance('eur', 1_000);
  const { id } = await transfer('k1');
  expect(await refusal(transfer('k2'))).toMatchObject({ statusCode: 400, code: 'balance_insufficient' });
  // A transfer from a charge waits for that charge instead.
  await transfer('k3', { source_transaction: 'ch_1', destination: 'acct_other' });

  control.drainAccount('acct_seller1');
  expect(await refusal(stripe.transfers.createReversal(id, {}, { idempotencyKey: 'r:1' }))).toMatchObject({
    code: 'balance_insufficient',
  });
  control.topUpAccount('acct_seller1', 'eur', 948);
  // Stored under its key; a new key is needed.
  const again = await refusal(stripe.transfers.createReversal(id, {}, { idempotencyKey: 'r:1' }));
  expect(again.headers?.['idempotent-replayed']).toBe('true');
  await stripe.transfers.createReversal(id, {}, { idempotencyKey: 'r:2' });
  control.addFault({ kind: 'insufficientFunds', where: { destination: 'acct_other' } });
  control.setPlatformBalance('eur', null);
  await transfer('k4');
  expect(await refusal(transfer('k5', { destination: 'acct_other' }))).toMatchObject({
    code: 'balance_insufficient',
  });
});

test('somebody reverses in the dashboard', async () => {
  const { control, stripe, transfer } = await stripeWorld();
  const { id } = await transfer('k1');
  control.reverseInDashboard(id, 48);
  const { body } = await control.waitForDelivery((d) => d.type === 'transfer.reversed');
  expect(JSON.parse(body)).toMatchObject({ data: { object: { id, amount_reversed: 48, reversed: false } } });
  expect((await stripe.transfers.listReversals(id)).data).toMatchObject([{ amount: 48, metadata: {} }]);
});
