import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  effectiveInvoice,
  FREE_FEATURES,
  featuresOf,
  type GatedInvoice,
  type GatedSubscription,
  hasEffectivePayment,
  isPhantom,
} from '../../domain/subscriptions/index.ts';
import { wasPaidUntil } from '../../domain/subscriptions/gate.ts';
import { INVOICE_STATUSES } from '../../domain/subscriptions/invoice-machine.ts';
import { SUBSCRIPTION_STATUSES } from '../../domain/subscriptions/subscription-machine.ts';

const HOUR_MS = 3_600_000;
const GRACE_MS = 72 * HOUR_MS;
const NOW_MS = Date.UTC(2026, 5, 15);
const MONTH = { startMs: Date.UTC(2026, 5, 1), endMs: Date.UTC(2026, 6, 1) };
const MONTH_BEFORE = { startMs: Date.UTC(2026, 4, 1), endMs: Date.UTC(2026, 5, 1) };

const row = (change: Partial<GatedSubscription> = {}): GatedSubscription => ({
  status: 'active',
  planId: 'creator',
  isFree: false,
  trialEndMs: null,
  ...change,
});

const invoice = (change: Partial<GatedInvoice> = {}, period = MONTH): GatedInvoice => ({
  status: 'paid',
  planId: 'creator',
  periodStartMs: period.startMs,
  periodEndMs: period.endMs,
  paymentId: 'pay_1',
  ...change,
});

const passes = (subscription: GatedSubscription, invoices: readonly GatedInvoice[], nowMs = NOW_MS) =>
  hasEffectivePayment(subscription, invoices, nowMs, GRACE_MS);

const free = row({ planId: 'free', isFree: true });
const trial = (trialEndMs: number | null) => row({ status: 'trialing', planId: 'premium', trialEndMs });
const canceling = row({ status: 'canceling' });

describe('the gate: the eight cases', () => {
  it.each([
    ['free', free, [], true],
    ['trial running', trial(NOW_MS + 1), [], true],
    ['trial over', trial(NOW_MS), [], false],
    ['paid', row(), [invoice()], true],
    ['payment id NULL', row(), [invoice({ paymentId: null })], false],
    ['payment id empty', row(), [invoice({ paymentId: '' })], false],
    ['invoice of another period', row(), [invoice({}, { startMs: 0, endMs: HOUR_MS })], false],
    ['none', row(), [], false],
  ] as const)('%s', (_, subscription, invoices, opens) => {
    expect(passes(subscription, invoices)).toBe(opens);
  });
});

describe('the gate: the other cases', () => {
  it.each([
    ['refunded', row(), [invoice({ status: 'refunded' })], false],
    ['partially refunded', row(), [invoice({ status: 'partially_refunded' })], true],
    ['invoice open', row(), [invoice({ status: 'open' })], false],
    ['invoice void', row(), [invoice({ status: 'void' })], false],
    ['past_due, even within a paid period', row({ status: 'past_due' }), [invoice()], false],
    ['pending_payment', row({ status: 'pending_payment' }), [invoice()], false],
    ['canceled', row({ status: 'canceled' }), [invoice()], false],
    ['expired', row({ status: 'expired' }), [invoice()], false],
    ["another plan's invoice", row(), [invoice({ planId: 'premium' })], false],
    ['canceling within its period', canceling, [invoice()], true],
    ['a payment id of spaces', row(), [invoice({ paymentId: ' ' })], false],
    [
      'an invoice of the next period alone',
      row(),
      [invoice({}, { startMs: NOW_MS + 1, endMs: NOW_MS + HOUR_MS })],
      false,
    ],
    ['an invoice without a period', row(), [invoice({ periodStartMs: null, periodEndMs: null })], false],
    ['a trial without an end', trial(null), [], false],
    ['a trial that is over, with an invoice', trial(NOW_MS), [invoice({ planId: 'premium' })], false],
    ['free and canceled', { ...free, status: 'canceled' }, [], false],
    [
      'free and pending_payment',
      { ...free, status: 'pending_payment' },
      [invoice({ planId: 'free' })],
      false,
    ],
  ] as const)('%s', (_, subscription, invoices, opens) => {
    expect(passes(subscription, invoices)).toBe(opens);
  });

  it('grace when active: until 72 hours after the period, and not a millisecond longer', () => {
    const paid = [invoice({}, MONTH_BEFORE)];
    expect(passes(row(), paid, MONTH_BEFORE.endMs)).toBe(true);
    expect(passes(row(), paid, MONTH_BEFORE.endMs + GRACE_MS - 1)).toBe(true);
    expect(passes(row(), paid, MONTH_BEFORE.endMs + GRACE_MS)).toBe(false);
  });

  it('none when canceling: the period ends it', () => {
    const paid = [invoice({}, MONTH_BEFORE)];
    expect(passes(canceling, paid, MONTH_BEFORE.endMs - 1)).toBe(true);
    expect(passes(canceling, paid, MONTH_BEFORE.endMs)).toBe(false);
  });

  it('a period begins with its first millisecond', () => {
    expect(passes(row(), [invoice()], MONTH.startMs - 1)).toBe(false);
    expect(passes(row(), [invoice()], MONTH.startMs)).toBe(true);
  });

  it('whatever the rows say: no paid plan without an invoice that is paid, with a payment, of the plan', () => {
    const invoices = fc.array(
      fc.record({
        status: fc.constantFrom(...INVOICE_STATUSES),
        planId: fc.constantFrom('creator', 'premium'),
        periodStartMs: fc.constantFrom(null, MONTH.startMs, MONTH_BEFORE.startMs),
        periodEndMs: fc.constantFrom(null, MONTH.endMs, MONTH_BEFORE.endMs),
        paymentId: fc.constantFrom(null, '', 'pay_1'),
      }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...SUBSCRIPTION_STATUSES), invoices, (status, held) => {
        fc.pre(status !== 'trialing');
        const subscription = row({ status });
        const carrier = effectiveInvoice(subscription, held, NOW_MS, GRACE_MS);
        expect(passes(subscription, held)).toBe(carrier !== null);
        if (carrier === null) return;
        expect(['active', 'canceling']).toContain(status);
        expect(['paid', 'partially_refunded']).toContain(carrier.status);
        expect([carrier.planId, carrier.paymentId]).toEqual(['creator', 'pay_1']);
        expect(carrier.periodStartMs).toBeLessThanOrEqual(NOW_MS);
        expect(carrier.periodEndMs).toBeGreaterThan(NOW_MS - GRACE_MS);
      }),
    );
  });
});

describe('the invoice that is the effective payment', () => {
  it('after a change of plan: the invoice of the change', () => {
    const old = invoice();
    const changed = invoice({ planId: 'premium', periodStartMs: NOW_MS - HOUR_MS });
    expect(effectiveInvoice(row({ planId: 'premium' }), [old, changed], NOW_MS, GRACE_MS)).toBe(changed);
  });

  it("after a change to years: the year's", () => {
    const month = invoice();
    const year = invoice({ periodStartMs: NOW_MS - HOUR_MS, periodEndMs: Date.UTC(2027, 5, 15) });
    expect(effectiveInvoice(row(), [month, year], NOW_MS, GRACE_MS)).toBe(year);
  });

  it('within the grace of one period and within the next: the next', () => {
    const next = invoice();
    const before = invoice({}, MONTH_BEFORE);
    expect(effectiveInvoice(row(), [before, next], MONTH.startMs + HOUR_MS, GRACE_MS)).toBe(next);
  });
});

describe('a phantom', () => {
  const says = (
    subscription: GatedSubscription,
    invoices: readonly GatedInvoice[] = [],
    hasPendingAttempt = false,
  ) => isPhantom({ ...subscription, hasPendingAttempt }, invoices, NOW_MS, GRACE_MS);

  it.each([
    ['active without a payment', row(), true],
    ['canceling without a payment', canceling, true],
    ['trialing after its end', trial(NOW_MS), true],
    ['trialing', trial(NOW_MS + 1), false],
    ['free', free, false],
    ['past_due', row({ status: 'past_due' }), false],
    ['pending_payment', row({ status: 'pending_payment' }), false],
    ['expired', row({ status: 'expired' }), false],
    ['canceled', row({ status: 'canceled' }), false],
  ] as const)('%s', (_, subscription, phantom) => {
    expect(says(subscription)).toBe(phantom);
  });

  it('is none with a payment, and none while an attempt is pending', () => {
    expect(says(row(), [invoice()])).toBe(false);
    expect(says(row(), [], true)).toBe(false);
  });
});

describe('what is over was paid for', () => {
  const endMs = MONTH.endMs;
  it.each([
    ['a paid month', row(), [invoice()], true],
    ['a cancelled one', canceling, [invoice()], true],
    ['a trial', trial(endMs), [], true],
    ['nothing paid', row(), [], false],
    ['another plan', row(), [invoice({ planId: 'premium' })], false],
    ['no payment named', row(), [invoice({ paymentId: null })], false],
    ['the month before, in whose grace it ends', row(), [invoice({ periodEndMs: endMs - HOUR_MS })], false],
  ] as const)('%s', (_, subscription, invoices, wasPaid) => {
    expect(wasPaidUntil(subscription, invoices, endMs)).toBe(wasPaid);
  });
});

describe('features', () => {
  const features = { canSellOnMarketplace: true, canDistribute: true, uploadQuotaMb: 10_240 };

  it("are the plan's with an effective payment, and else Free's", () => {
    const of = (invoices: readonly GatedInvoice[]) =>
      featuresOf({ ...row(), features }, invoices, NOW_MS, GRACE_MS);
    expect(of([invoice()])).toEqual(features);
    expect(of([])).toEqual(FREE_FEATURES);
    expect(featuresOf(null, [], NOW_MS, GRACE_MS)).toEqual({
      canSellOnMarketplace: false,
      canDistribute: false,
      uploadQuotaMb: 500,
    });
  });
});
