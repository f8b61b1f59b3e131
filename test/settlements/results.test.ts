import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Desk, exportLine, leftovers, openDesk, reconciled, stripeId, transferLine } from './support.ts';

let desk: Desk;
let world: Desk['world'];
let books: Desk['books'];
beforeAll(async () => {
  desk = await openDesk();
  ({ world, books } = desk);
});
afterAll(() => desk.close());

/** Whatever else this world's books hold in the time of a file is not what a test is about. */
const named = <Row extends { readonly kind: string; readonly subject: string | null }>(
  rows: readonly Row[],
  ...subjects: readonly string[]
) => rows.filter(({ kind, subject }) => kind !== 'missing_there' || subjects.includes(subject ?? ''));

describe('a settlement file', () => {
  it('matched: payments, refunds, transfers, reversals; what our books do not know is counted by its type', async () => {
    const order = await books.order();
    const refund = await books.refund(order.id);
    const transfer = await books.transfer(order.id);
    const reversal = await books.reversal(transfer.id);
    const before = await picture();
    const { code, printed } = await desk.reconcile(
      'matched.csv',
      exportLine({ type: 'charge', source: order.connectorTransactionId, amount: '25.00' }),
      exportLine({ type: 'refund', source: stripeId('re'), amount: '-10.00', orderId: refund.id }),
      transferLine(transfer.stripeTransferId),
      exportLine({ type: 'transfer_refund', source: reversal.stripeReversalId, amount: '9.00' }),
      exportLine({ type: 'stripe_fee', source: '', amount: '-0.30' }),
      exportLine({ type: 'stripe_fee', source: '', amount: '-0.31' }),
      exportLine({ type: 'payout', source: stripeId('po'), amount: '-1.00' }),
    );
    expect(printed).toMatchObject({
      rows: 7,
      matched: { payment: 1, refund: 1, transfer: 1, reversal: 1 },
      ignored: { stripe_fee: 2, payout: 1 },
      exceptions: {},
      open: 0,
    });
    expect(code).toBe(0);
    expect(await picture()).toEqual(before);
    expect(await leftovers(world)).toEqual({ rows: 0, claims: 0 });
  });

  it('amount differs: another amount, another currency, the other way round, or nothing moved here', async () => {
    const [wrong, foreign, backwards, pending] = [
      await books.transfer((await books.order()).id),
      await books.transfer((await books.order()).id, { currency: 'EUR' }),
      await books.transfer((await books.order()).id),
      await books.order({
        status: 'pending',
        capturedMinor: null,
        capturedCurrency: null,
        completedAt: null,
      }),
    ];
    const { code, exceptions, printed } = await desk.reconcile(
      'differs.csv',
      transferLine(wrong.stripeTransferId, '-22.49'),
      transferLine(foreign.stripeTransferId),
      transferLine(backwards.stripeTransferId, '22.50'),
      exportLine({ type: 'charge', source: pending.connectorTransactionId, amount: '25.00' }),
    );
    expect(code).toBe(1);
    expect(printed.exceptions).toMatchObject({ amount_differs: 4 });
    expect(named(exceptions)).toMatchObject([
      {
        kind: 'amount_differs',
        line: 2,
        subject: `transfer/${wrong.id}`,
        theirsMinor: 2_249,
        oursMinor: 2_250,
        detail: 'another amount',
      },
      { line: 3, theirsCurrency: 'USD', oursCurrency: 'EUR', detail: 'another currency' },
      { line: 4, theirsMinor: -2_250, oursMinor: 2_250, detail: 'the money went the other way' },
      {
        line: 5,
        subject: `order/${pending.id}`,
        oursMinor: null,
        detail: 'here it is pending, and nothing moved',
      },
    ]);
  });

  it('missing here: a row that names nothing of ours', async () => {
    const strangers = [stripeId('tr'), stripeId('ch')];
    const { code, exceptions } = await desk.reconcile(
      'strangers.csv',
      transferLine(strangers[0]!, '-1.00'),
      exportLine({ type: 'charge', source: strangers[1]!, amount: '1.00' }),
    );
    expect(code).toBe(1);
    expect(named(exceptions)).toMatchObject([
      { kind: 'missing_here', ref: strangers[0], subject: null, theirsMinor: 100, oursMinor: null },
      { kind: 'missing_here', ref: strangers[1], rowKind: 'payment' },
    ]);
  });

  it('missing there: ours in the time of the file that no row names, and not what moved at another time', async () => {
    const at = (day: string) => new Date(`2025-03-${day}T12:00:00Z`);
    const order = await books.order({ completedAt: at('10') });
    const refund = await books.refund(order.id, { succeededAt: at('11') });
    const transfer = await books.transfer(order.id, { completedAt: at('12') });
    const reversal = await books.reversal(transfer.id, { endedAt: at('13') });
    const elsewhere = await books.order({ completedAt: at('14'), connectorTransactionId: 'adyen-psp-ref' });
    const later = await books.order({ completedAt: at('25') });
    const [first, last] = [
      await books.order({ completedAt: at('01') }),
      await books.order({ completedAt: at('20') }),
    ];
    const charge = (ref: string | null, created: string) =>
      exportLine({ type: 'charge', source: ref, amount: '25.00', created });
    const { code, exceptions, printed } = await desk.reconcile(
      'march.csv',
      charge(first.connectorTransactionId, '2025-03-01 00:00'),
      charge(last.connectorTransactionId, '2025-03-20 23:59'),
    );
    expect(code).toBe(1);
    expect(printed).toMatchObject({ matched: { payment: 2 }, exceptions: { missing_there: 4 } });
    expect(exceptions.map(({ kind, subject }) => [kind, subject])).toEqual([
      ['missing_there', `order/${order.id}`],
      ['missing_there', `refund/${refund.id}`],
      ['missing_there', `transfer/${transfer.id}`],
      ['missing_there', `reversal/${reversal.id}`],
    ]);
    expect(exceptions[0]).toMatchObject({ oursMinor: 2_500, theirsMinor: null, detail: 'no row names it' });
    expect(JSON.stringify(exceptions)).not.toMatch(new RegExp(`${elsewhere.id}|${later.id}`));
  });

  it('attempts to pay invoices: matched, differing and missing like orders', async () => {
    const apr = (day: string) => new Date(`2025-04-${day}T12:00:00Z`);
    const paidOn = (day: string) => ({ attempt: { capturedAt: apr(day) } });
    const [first, last] = [await books.attempt(paidOn('01')), await books.attempt(paidOn('20'))];
    const other = await books.attempt(paidOn('02'));
    const failed = await books.attempt({
      attempt: { status: 'failed', receivedMinor: null, receivedCurrency: null, capturedAt: null },
    });
    const missed = await books.attempt(paidOn('10'));
    const again = await books.attemptAgain(missed);
    const { exceptions, printed } = await desk.reconcile(
      'attempts.csv',
      exportLine({
        type: 'charge',
        source: first.connectorTransactionId,
        amount: '9.99',
        created: '2025-04-01 00:00',
      }),
      exportLine({
        type: 'charge',
        source: other.connectorTransactionId,
        amount: '19.99',
        created: '2025-04-02 12:00',
      }),
      exportLine({
        type: 'charge',
        source: failed.connectorTransactionId,
        amount: '9.99',
        created: '2025-04-03 12:00',
      }),
      // By our id in the metadata, where the connector's is unknown here.
      exportLine({
        type: 'charge',
        source: stripeId('ch'),
        amount: '9.99',
        created: '2025-04-20 23:59',
        orderId: last.id,
      }),
    );
    expect(printed).toMatchObject({
      matched: { payment: 2 },
      exceptions: { amount_differs: 2, missing_there: 2 },
    });
    expect(exceptions).toMatchObject([
      { kind: 'amount_differs', subject: `invoice/${other.id}`, oursMinor: 999, theirsMinor: 1_999 },
      {
        kind: 'amount_differs',
        subject: `invoice/${failed.id}`,
        oursMinor: null,
        detail: 'here it is failed, and nothing moved',
      },
      // Both payments of one invoice.
      ...[missed.connectorTransactionId, again.connectorTransactionId]
        .toSorted(
          (one, two) =>
            exceptions.findIndex(({ ref }) => ref === one) - exceptions.findIndex(({ ref }) => ref === two),
        )
        .map((ref) => ({
          kind: 'missing_there',
          subject: `invoice/${missed.invoiceId}`,
          ref,
          oursMinor: 999,
        })),
    ]);
  });

  it('refunds and disputes of an invoice: found by the payment that they are of', async () => {
    const [attempt, given] = [await books.attempt(), await books.attempt()];
    const again = await books.attemptAgain(given);
    const refund = await books.refund(null, { invoiceId: attempt.invoiceId, amountMinor: 500 });
    // Its payment is another than the one that paid the invoice.
    const returned = await books.refund(null, {
      ...{ invoiceId: given.invoiceId, paymentId: again.id, amountMinor: 999, kind: 'payment_returned' },
    });
    const dispute = await books.dispute(null, {
      ...{ invoiceId: attempt.invoiceId, amountMinor: 999, connectorDisputeId: null },
    });
    const header = 'reporting_category,source_id,payment_intent_id,gross,currency,created_utc';
    const file = await desk.files.write(
      'refunds-of-invoices.csv',
      `${[
        header,
        `refund,${stripeId('re')},${attempt.connectorTransactionId},-5.00,usd,2026-08-21 10:11`,
        `refund,${stripeId('re')},${again.connectorTransactionId},-9.99,usd,2026-08-21 10:12`,
        `dispute,${stripeId('dp')},${attempt.connectorTransactionId},-9.99,usd,2026-08-21 10:13`,
        `refund,${stripeId('re')},${given.connectorTransactionId},-9.99,usd,2026-08-21 10:14`,
      ].join('\n')}\n`,
    );
    const { printed, exceptions } = await reconciled(world, file);
    expect(printed).toMatchObject({ layout: 'stripe_balance_report', matched: { refund: 2, dispute: 1 } });
    // The payment that paid the second invoice has no refund.
    expect(
      named(exceptions, `refund/${refund.id}`, `refund/${returned.id}`, `dispute/${dispute.id}`),
    ).toMatchObject([{ kind: 'missing_here', rowKind: 'refund', subject: null }]);
  });

  it('of Hyperswitch: an attempt is found by its payment id, and a set-up payment moves no money', async () => {
    const setupId = uuidv7();
    const attempt = await books.attempt({ attempt: { connectorTransactionId: null } });
    const file = await desk.files.write(
      'router-payments.csv',
      [
        'payment_id,attempt_id,status,amount,currency,created_at',
        `${attempt.id},${attempt.id}_1,succeeded,999,USD,2026-08-21 12:00:00`,
        `${setupId},${setupId}_1,succeeded,0,USD,2026-08-21 12:00:00`,
        '',
      ].join('\n'),
    );
    const { printed, exceptions } = await reconciled(world, file);
    expect(printed).toMatchObject({
      layout: 'hyperswitch_payments',
      matched: { payment: 1 },
      ignored: { 'moves no money': 1 },
    });
    expect(exceptions.filter(({ ref }) => ref === setupId)).toEqual([]);
  });

  it('what moved within an hour of where the file begins or ends says that it may be in the file beside it', async () => {
    const edge = await books.order({ completedAt: new Date('2025-05-01T00:20:00Z') });
    const last = await books.order({ completedAt: new Date('2025-05-03T00:00:00Z') });
    const line = (created: string) =>
      exportLine({ type: 'charge', source: last.connectorTransactionId, amount: '25.00', created });
    const { exceptions } = await desk.reconcile(
      'edge.csv',
      line('2025-05-01 00:00'),
      exportLine({ type: 'stripe_fee', source: '', amount: '-1.00' }),
      exportLine({
        type: 'transfer',
        source: stripeId('tr'),
        amount: '-1.00',
        created: '2025-05-04 00:00',
      }),
    );
    const missed = exceptions.find(({ subject }) => subject === `order/${edge.id}`);
    expect(missed).toMatchObject({
      kind: 'missing_there',
      detail: expect.stringMatching(/may be in the one beside it$/) as string,
    });
  });

  it('claimed twice: a second row for the same of ours, in the file or in a batch', async () => {
    const transfer = await books.transfer((await books.order()).id);
    const line = transferLine(transfer.stripeTransferId);
    const { exceptions, printed } = await desk.reconcile('twice.csv', line, line);
    expect(printed.matched).toEqual({ transfer: 1 });
    expect(named(exceptions)).toMatchObject([
      { kind: 'claimed_twice', line: 3, subject: `transfer/${transfer.id}` },
    ]);
  });

  it('a refund that the bank sent back matches one that is returned here, and no other', async () => {
    const order = await books.order();
    const returned = await books.refund(order.id, { status: 'returned' });
    const standing = await books.refund(order.id);
    const came = (refundId: string) =>
      exportLine({ type: 'refund_failure', source: stripeId('re'), amount: '10.00', orderId: refundId });
    const { exceptions, printed } = await desk.reconcile(
      'returned.csv',
      came(returned.id),
      came(standing.id),
    );
    expect(printed.matched).toEqual({ refund_return: 1 });
    expect(named(exceptions)).toMatchObject([
      {
        kind: 'amount_differs',
        subject: `refund/${standing.id}`,
        detail: 'here it is succeeded, and nothing moved',
      },
    ]);
  });

  it('a payment that was converted is held against what the buyer saw', async () => {
    const order = await books.order();
    expect(
      (
        await desk.reconcile(
          'converted.csv',
          exportLine({
            type: 'charge',
            source: order.connectorTransactionId,
            amount: '22.91',
            currency: 'eur',
            shown: ['25.00', 'usd'],
          }),
        )
      ).printed.matched,
    ).toEqual({ payment: 1 });
  });
});

/** Every row of the money, to be compared with itself. */
async function picture(): Promise<unknown> {
  const { sql } = world.database;
  const [row] = await sql`SELECT (SELECT jsonb_agg(o ORDER BY id) FROM orders o) AS orders,
    (SELECT jsonb_agg(r ORDER BY id) FROM refunds r) AS refunds,
    (SELECT jsonb_agg(t ORDER BY id) FROM seller_transfers t) AS transfers,
    (SELECT jsonb_agg(v ORDER BY id) FROM transfer_reversals v) AS reversals,
    (SELECT count(*) FROM ledger_entries) AS entries`;
  return row;
}

describe('disputes in a file', () => {
  const adjustment = (source: string | null, amount: string) =>
    exportLine({ type: 'adjustment', source, amount });

  it('of Stripe: what a dispute took, and what came back of one that was won', async () => {
    const made = async (values: Parameters<typeof books.dispute>[1] = {}) =>
      books.dispute((await books.order()).id, values);
    const [lost, open, won, early, other, unknown] = [
      await made(),
      await made({ status: 'open' }),
      await made({ status: 'won' }),
      await made({ status: 'lost' }),
      await made({ amountMinor: 1_000 }),
      stripeId('du'),
    ];
    const { code, printed, exceptions } = await desk.reconcile(
      'disputes.csv',
      adjustment(lost.connectorDisputeId, '-25.00'),
      adjustment(open.connectorDisputeId, '-25.00'),
      adjustment(won.connectorDisputeId, '-25.00'),
      adjustment(won.connectorDisputeId, '25.00'),
      adjustment(early.connectorDisputeId, '25.00'),
      adjustment(other.connectorDisputeId, '-9.00'),
      adjustment(unknown, '-1.00'),
      adjustment(stripeId('re'), '3.00'),
    );
    expect(code).toBe(1);
    expect(printed).toMatchObject({
      matched: { dispute: 3, dispute_return: 1 },
      ignored: { adjustment: 1 },
    });
    expect(named(exceptions)).toMatchObject([
      {
        kind: 'amount_differs',
        rowKind: 'dispute_return',
        subject: `dispute/${early.id}`,
        detail: 'here it is lost, and nothing moved',
      },
      { kind: 'amount_differs', subject: `dispute/${other.id}`, theirsMinor: 900, oursMinor: 1_000 },
      { kind: 'missing_here', rowKind: 'dispute', ref: unknown, subject: null },
    ]);
  });

  it('of Stripe: ours that no row names, and neither an inquiry nor one at another connector', async () => {
    const openedAt = new Date('2025-07-10T12:00:00Z');
    const order = await books.order({ completedAt: new Date('2025-07-01T00:00:00Z') });
    const missed = await books.dispute(order.id, { openedAt });
    await books.dispute(order.id, { openedAt, stage: 'pre_dispute', status: 'open' });
    const elsewhere = await books.order({
      connectorTransactionId: 'adyen-psp-ref',
      completedAt: new Date('2025-07-02T00:00:00Z'),
    });
    await books.dispute(elsewhere.id, { openedAt });
    const edge = (created: string) =>
      exportLine({ type: 'adjustment', source: stripeId('dp'), amount: '-1.00', created });
    const { exceptions } = await desk.reconcile(
      'july.csv',
      edge('2025-07-05 00:00'),
      edge('2025-07-20 00:00'),
    );
    const missing = exceptions.filter(({ kind }) => kind === 'missing_there');
    expect(missing.map(({ kind, subject, ref }) => [kind, subject, ref])).toEqual([
      ['missing_there', `dispute/${missed.id}`, missed.connectorDisputeId],
    ]);
  });

  it('of Hyperswitch: each as it stands', async () => {
    const at = { openedAt: new Date('2025-09-10T12:00:00Z') };
    const order = await books.order();
    const [lost, won, turned, missed] = [
      await books.dispute(order.id, at),
      await books.dispute(order.id, { ...at, status: 'won' }),
      await books.dispute(order.id, at),
      await books.dispute(order.id, at),
    ];
    const line = (dispute: { providerDisputeId: string }, status: string) =>
      `${dispute.providerDisputeId},${order.id},${order.id}_1,2500,USD,dispute,dispute_${status},2025-09-10 12:00:00`;
    const header = 'dispute_id,payment_id,attempt_id,amount,currency,dispute_stage,dispute_status,created_at';
    const edge = `dp_unheard_of,pay_x,pay_x_1,100,USD,dispute,dispute_opened,2025-09-12 12:00:00`;
    const file = await desk.files.write(
      'router.csv',
      `${[header, line(lost, 'lost'), line(won, 'won'), line(turned, 'won'), edge].join('\n')}\n`,
    );
    const { printed, exceptions } = await reconciled(world, file);
    expect(printed).toMatchObject({
      layout: 'hyperswitch_disputes',
      matched: { dispute: 1, dispute_return: 1 },
    });
    expect(exceptions.map(({ kind, subject }) => [kind, subject])).toEqual([
      ['amount_differs', `dispute/${turned.id}`],
      ['missing_here', null],
      ['missing_there', `dispute/${missed.id}`],
    ]);
  });
});
