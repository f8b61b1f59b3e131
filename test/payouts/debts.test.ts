import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkBooks } from '../../db/invariants/index.ts';
import { ledgerEntries, sellerBalances } from '../../db/ledger/schema.ts';
import { addUser, openApi } from '../harness/api.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { earnedShop, fundsOf, openedPayout, payoutIs } from '../harness/payouts.ts';
import { auditLogOf, reversalRow } from '../harness/read.ts';
import { makePerson, NET_MINOR } from '../harness/shop.ts';
import { openedRefund } from '../harness/stories.ts';
import { until } from '../harness/wait.ts';
import { type Person, World } from '../harness/world.ts';
import { approveAs, awaited, codeOf } from '../operators/support.ts';

describe('a debt that stays', () => {
  let world: World;
  let admin: Person;
  beforeAll(async () => {
    world = await World.create({
      env: { REVERSAL_BACKOFF_BASE: '10m', REVERSAL_BACKOFF_MAX: '1h', FOUR_EYES_ABOVE_MINOR: '10000' },
    });
    world.stripe.control.setPayoutMode('manual');
  });
  beforeEach(async () => {
    admin = await makePerson(world, 'admin');
  });
  afterEach(() => expectCleanBooks(world));
  afterAll(() => world.close());

  /** Their bank has all that they earned, and then it was refunded. */
  async function refundedAfterPayout() {
    const { seller, shop, orderId } = await earnedShop(world);
    const payoutId = await openedPayout(world, seller);
    const { externalPayoutId } = await payoutIs(world, payoutId, (row) => row.externalPayoutId !== null);
    world.stripe.control.settlePayout(externalPayoutId!, 'paid');
    await world.finished(`payout/${payoutId}`);
    const refundId = await openedRefund(world, shop.buyer, orderId);
    await world.finished(`refund/${refundId}`);
    const [reversal] = await world.reversalsOf(refundId);
    await until(
      () => reversalRow(world, reversal!.id),
      (row) => row.waitingFor === 'seller_funds',
    );
    return { seller, reversalId: reversal!.id, subject: `balance/${seller.id}` };
  }

  /** They put money of their own into their account at Stripe: the reversal goes through, and they still owe. */
  async function indebted() {
    const { seller, reversalId, subject } = await refundedAfterPayout();
    world.stripe.control.topUpAccount(seller.accountId, 'usd', NET_MINOR);
    // By somebody else: what one admin decides on within a day counts together.
    await world.post(await makePerson(world, 'admin'), '/admin/actions', {
      ...{ action: 'retry', subject: `reversal/${reversalId}`, reason: 'they topped it up' },
    });
    await world.finished(`reversal/${reversalId}`);
    expect(await fundsOf(world, seller)).toMatchObject({ availableMinor: 0, owedMinor: NET_MINOR });
    return { seller, subject };
  }

  const perform = (action: string, subject: string) =>
    world.post(admin, '/admin/actions', { action, subject, reason: 'by bank, 12 November' });
  const entriesOf = async (userId: string) =>
    world.database.sql<{ kind: string; account: string; amount: number }[]>`
      SELECT kind, account, amount_minor::int AS amount FROM ledger_entries
      WHERE root_kind = 'balance' AND root_id = ${userId} ORDER BY account`;

  it('was paid outside: it is gone, no money of ours moved, and the audit log says why', async () => {
    const { seller, subject } = await indebted();
    const story = await world.get(admin, `/admin/story?subject=${encodeURIComponent(subject)}`);
    expect(story.body['story']!['rows']).toMatchObject([
      {
        ...{ subject, status: 'owed', amount: NET_MINOR, currency: 'USD' },
        actions: [
          { action: 'settled_outside', subject },
          { action: 'written_off', subject },
        ],
      },
    ]);
    const answer = await perform('settled_outside', subject);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    expect(answer.body['done']).toMatchObject({ now: { subject, status: 'settled' } });
    expect(await fundsOf(world, seller)).toEqual({ availableMinor: 0, payingOutMinor: 0, owedMinor: 0 });
    expect(await entriesOf(seller.id)).toEqual([
      { kind: 'debt_settled_outside', account: `cash:connected:${seller.id}`, amount: NET_MINOR },
      { kind: 'debt_settled_outside', account: `seller:${seller.id}:owed`, amount: -NET_MINOR },
    ]);
    expect(await auditLogOf(world, subject)).toMatchObject([
      { action: 'balance.settled_outside', actor: admin.id, reason: 'by bank, 12 November' },
    ]);
    expect(codeOf(await perform('settled_outside', subject))).toEqual([409, 'debt_not_resolvable']);
  });

  it('will never be paid: it is our loss, above the threshold with a second admin', async () => {
    const [first, second] = [await indebted(), await indebted()];
    expect((await perform('written_off', first.subject)).status).toBe(200);
    expect(await entriesOf(first.seller.id)).toEqual([
      { kind: 'debt_written_off', account: `cash:connected:${first.seller.id}`, amount: NET_MINOR },
      { kind: 'debt_written_off', account: 'cash:psp', amount: -NET_MINOR },
      { kind: 'debt_written_off', account: 'platform:losses', amount: NET_MINOR },
      { kind: 'debt_written_off', account: `seller:${first.seller.id}:owed`, amount: -NET_MINOR },
    ]);
    // Together they are more than one admin decides on within a day.
    const approvalId = awaited(await perform('written_off', second.subject));
    expect(await fundsOf(world, second.seller)).toMatchObject({ owedMinor: NET_MINOR });
    await approveAs(world, await makePerson(world, 'admin'), approvalId);
    expect(await fundsOf(world, second.seller)).toMatchObject({ owedMinor: 0 });
  });

  it('is not ended by hand while its reversal is open, nor where nothing is owed', async () => {
    const open = await refundedAfterPayout();
    const answer = await perform('written_off', open.subject);
    expect(codeOf(answer)).toEqual([409, 'debt_not_resolvable']);
    expect(answer.body['detail']).toContain(open.reversalId);
    expect(await fundsOf(world, open.seller)).toMatchObject({ owedMinor: NET_MINOR });
    const { seller } = await earnedShop(world);
    expect(codeOf(await perform('written_off', `balance/${seller.id}`))).toEqual([
      409,
      'debt_not_resolvable',
    ]);
    // What we owe them stays.
    expect(await fundsOf(world, seller)).toMatchObject({ availableMinor: NET_MINOR });
    expect(codeOf(await perform('written_off', `balance/${uuidv7()}`))).toEqual([404, 'balance_not_found']);
  });

  it('of kept fees is ended with it, and one currency after the other', async () => {
    const { database } = world;
    const seller = await makePerson(world, 'artist');
    // Two balances as a platform that keeps its fee leaves them.
    await database.db.transaction(async (tx) => {
      for (const [currency, minor] of [
        ['EUR', 700],
        ['USD', 300],
      ] as const) {
        await tx.insert(sellerBalances).values({ sellerId: seller.id, currency, feesOwedMinor: minor });
        const entry = { currency, kind: 'refund_succeeded', transactionId: uuidv7() } as const;
        const of = { ofKind: 'balance', ofId: seller.id, rootKind: 'balance', rootId: seller.id } as const;
        await tx.insert(ledgerEntries).values([
          { ...entry, ...of, account: `seller:${seller.id}:fees_owed`, amountMinor: minor },
          { ...entry, ...of, account: 'platform:revenue', amountMinor: -minor },
        ]);
      }
    });
    const subject = `balance/${seller.id}`;
    const preview = async () => {
      const query = `action=written_off&subject=${encodeURIComponent(subject)}`;
      return (await world.get(admin, `/admin/actions/preview?${query}`)).body['preview'];
    };
    expect(await preview()).toMatchObject({ amount: 700, currency: 'EUR', status_now: 'owed' });
    const first = await perform('written_off', subject);
    expect(first.body['done']).toMatchObject({ now: { status: 'owed' } });
    expect(await preview()).toMatchObject({ amount: 300, currency: 'USD' });
    const second = await perform('settled_outside', subject);
    expect(second.body['done']).toMatchObject({ now: { status: 'settled' } });
  });
});

it('that lowers what we owe breaks invariant 1', async () => {
  const { database } = await openApi();
  const sellerId = await addUser(database, 'artist');
  const named = { transactionId: uuidv7(), currency: 'USD', kind: 'debt_written_off' } as const;
  const of = { ofKind: 'balance', ofId: sellerId, rootKind: 'balance', rootId: sellerId } as const;
  await database.db.insert(sellerBalances).values({ sellerId, currency: 'USD', availableMinor: 0 });
  await database.db.insert(ledgerEntries).values([
    { ...named, ...of, account: `seller:${sellerId}:available`, amountMinor: 500 },
    { ...named, ...of, account: 'platform:losses', amountMinor: -500 },
  ]);
  const [ledger] = await checkBooks(database.db);
  expect(ledger?.violations).toContainEqual({
    subject: `ledger transaction ${named.transactionId}`,
    detail: `it is a debt_written_off and moves seller:${sellerId}:available by 500`,
  });
});
