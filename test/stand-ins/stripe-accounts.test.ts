import { expect, test } from 'vitest';
import { refusal, stripeWorld } from './stripe-harness.ts';

test('payouts settle by webhook with the account on top, and can fail days later', async () => {
  const { control, stripe, transfer } = await stripeWorld();
  await transfer('k1', { destination: 'acct_s', amount: 1_000 });
  const on = { stripeAccount: 'acct_s' };
  expect(await refusal(stripe.payouts.create({ amount: 1_001, currency: 'eur' }, on))).toMatchObject({
    code: 'balance_insufficient',
  });
  const payout = await stripe.payouts.create(
    { amount: 1_000, currency: 'eur', metadata: { payout_id: 'p1' } },
    { ...on, idempotencyKey: 'po:1' },
  );
  expect(payout).toMatchObject({ object: 'payout', status: 'pending', metadata: { payout_id: 'p1' } });
  const paid = await control.waitForDelivery((d) => d.type === 'payout.paid');
  expect(JSON.parse(paid.body)).toMatchObject({
    account: 'acct_s',
    data: { object: { id: payout.id, status: 'paid' } },
  });
  expect(control.accountBalance('acct_s')).toEqual({ eur: 0 });
  control.settlePayout(payout.id, 'failed', 'closed');
  await control.waitForDelivery((d) => d.type === 'payout.failed');
  expect(control.accountBalance('acct_s')).toEqual({ eur: 1_000 });
  expect(await stripe.payouts.retrieve(payout.id, {}, on)).toMatchObject({
    status: 'failed',
    failure_message: 'closed',
  });
  expect((await stripe.payouts.list({ status: 'failed' }, on)).data).toHaveLength(1);
  expect(await refusal(stripe.payouts.retrieve(payout.id))).toMatchObject({ statusCode: 404 });
  expect(await stripe.balance.retrieve({}, on)).toMatchObject({
    available: [{ currency: 'eur', amount: 1_000 }],
  });
});

test('manual payouts wait for the control', async () => {
  const { control, stripe } = await stripeWorld({ payoutMode: 'manual' });
  control.setAccountBalance('acct_s', 'usd', 50);
  const { id } = await stripe.payouts.create({ amount: 50, currency: 'usd' }, { stripeAccount: 'acct_s' });
  await control.idle();
  expect(control.deliveries()).toEqual([]);
  control.settlePayout(id, 'paid');
  await control.waitForDelivery((d) => d.type === 'payout.paid');
});

test('onboarding: an account is made, linked, finished in the browser, and told', async () => {
  const { control, stripe, transfer } = await stripeWorld({ autoOnboard: false });
  const account = await stripe.accounts.create({ type: 'express', email: 's@example.com', country: 'US' });
  expect(account).toMatchObject({ payouts_enabled: false, email: 's@example.com' });
  expect(await refusal(transfer('k1', { destination: account.id }))).toMatchObject({
    code: 'insufficient_capabilities_for_transfer',
  });
  control.setAccountBalance(account.id, 'usd', 10);
  expect(
    await refusal(stripe.payouts.create({ amount: 1, currency: 'usd' }, { stripeAccount: account.id })),
  ).toMatchObject({
    code: 'payouts_not_allowed',
  });
  const link = await stripe.accountLinks.create({
    account: account.id,
    type: 'account_onboarding',
    return_url: 'http://localhost/back',
    refresh_url: 'http://localhost/again',
  });
  const visited = await fetch(link.url, { redirect: 'manual' });
  expect([visited.status, visited.headers.get('location')]).toEqual([303, 'http://localhost/back']);
  const { body } = await control.waitForDelivery((d) => d.type === 'account.updated');
  expect(JSON.parse(body)).toMatchObject({
    account: account.id,
    data: { object: { payouts_enabled: true } },
  });
  expect(await stripe.accounts.retrieve(account.id)).toMatchObject({ payouts_enabled: true });
  await transfer('k2', { destination: account.id });
});

test.each(['no_such_destination', 'account_invalid'] as const)(
  'an account that is gone is refused on every call that reaches for it (%s), and comes back as it was',
  async (wording) => {
    const { control, stripe, transfer } = await stripeWorld();
    const destination = 'acct_s';
    const sent = await transfer('k1', { destination, amount: 1_000, transfer_group: 'g' });
    const on = { stripeAccount: destination };
    control.loseAccount(destination, wording);
    await control.waitForDelivery((d) => d.type === 'account.application.deauthorized');
    const invalid = { statusCode: 403, code: 'account_invalid' };
    const missing = { statusCode: 400, message: "No such destination: 'acct_s'" };
    const asTransfer = wording === 'account_invalid' ? invalid : missing;
    const back = {
      account: destination,
      type: 'account_onboarding',
      return_url: 'http://x',
      refresh_url: 'http://x',
    } as const;
    for (const [call, error] of [
      [() => transfer('k2', { destination }), asTransfer],
      [() => stripe.transfers.list({ destination, transfer_group: 'g' }), asTransfer],
      [() => stripe.transfers.createReversal(sent.id, {}), asTransfer],
      [() => stripe.payouts.create({ amount: 1, currency: 'eur' }, on), invalid],
      [() => stripe.payouts.list({}, on), invalid],
      [() => stripe.payouts.retrieve('po_x', {}, on), invalid],
      [() => stripe.balance.retrieve({}, on), invalid],
      [() => stripe.accounts.retrieve(destination), invalid],
      [() => stripe.accountLinks.create(back), invalid],
    ] as const) {
      expect(await refusal(call())).toMatchObject(error);
    }
    // What is the platform's own can still be read.
    expect((await stripe.transfers.list({ transfer_group: 'g' })).data).toHaveLength(1);
    expect((await stripe.transfers.listReversals(sent.id)).data).toEqual([]);
    control.regainAccount(destination);
    expect(control.accountBalance(destination)).toEqual({ eur: 1_000 });
    await transfer('k3', { destination });
  },
);
