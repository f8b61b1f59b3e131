import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskForGood, maskPersonalData, maskTextForGood } from '../../domain/kernel/index.ts';
import { type PaymentEvent, parseHyperswitchEvent } from '../../providers/webhooks/hyperswitch-event.ts';

test('personal data is masked, what ops need stays', () => {
  const body = {
    event_id: 'evt_1',
    event_type: 'payment_succeeded',
    content: {
      type: 'payment_details',
      object: {
        payment_id: 'p1',
        status: 'failed',
        amount: 6540,
        currency: 'USD',
        email: 'ada@example.org',
        name: 'Ada Lovelace',
        phone: '123',
        phone_country_code: '+44',
        customer_id: 'cus_1',
        customer: { id: 'cus_1', email: 'ada@example.org' },
        billing: { address: { line1: '12 St James Square', zip: 'SW1' } },
        shippingAddress: { city: 'London' },
        payment_method: 'card',
        payment_method_data: { card: { last4: '4242', card_exp_year: '2030' }, wallet: null },
        client_secret: 'p1_secret_x',
        fingerprint: 'f0123456789abcdef012',
        payment_method_id: 'pm_1',
        browser_info: { ip_address: '127.0.0.1' },
        error_message: 'Receipt to ada@example.org bounced',
        attempts: [{ cardHolderName: 'Ada', attempt_id: 'a1' }],
        return_url: null,
        guest_customer_data: null,
      },
    },
  };
  expect(maskPersonalData(body)).toEqual({
    event_id: 'evt_1',
    event_type: 'payment_succeeded',
    content: {
      type: 'payment_details',
      object: {
        payment_id: 'p1',
        status: 'failed',
        amount: 6540,
        currency: 'USD',
        email: '***',
        name: '***',
        phone: '***',
        phone_country_code: '***',
        customer_id: '***',
        customer: '***',
        billing: '***',
        shippingAddress: '***',
        payment_method: 'card',
        payment_method_data: { card: '***', wallet: null },
        client_secret: '***',
        fingerprint: '***',
        payment_method_id: 'pm_1',
        browser_info: '***',
        error_message: 'Receipt to *** bounced',
        attempts: [{ cardHolderName: '***', attempt_id: 'a1' }],
        return_url: null,
        guest_customer_data: null,
      },
    },
  });
});

test("Stripe's account of a seller", () => {
  const masked = maskPersonalData({
    id: 'acct_x',
    email: 'seller@example.org',
    individual: { first_name: 'Ada', dob: { year: 1815 } },
    external_accounts: {
      data: [{ id: 'ba_x', account_holder_name: 'Ada', routing_number: '1', last4: '6789' }],
    },
    payouts_enabled: true,
  });
  expect(masked).toEqual({
    id: 'acct_x',
    email: '***',
    individual: '***',
    external_accounts: {
      data: [{ id: 'ba_x', account_holder_name: '***', routing_number: '***', last4: '***' }],
    },
    payouts_enabled: true,
  });
});

test('the original is not changed', () => {
  const body = { email: 'ada@example.org' };
  maskPersonalData(body);
  expect(body.email).toBe('ada@example.org');
});

test('a body of nothing but brackets does not exhaust the stack', () => {
  const deep: unknown = JSON.parse('['.repeat(200_000) + ']'.repeat(200_000));
  expect(JSON.stringify(maskPersonalData(deep))).toContain('***');
});

test('a long text without an @ costs no more than its length', () => {
  const startedMs = performance.now();
  maskPersonalData({ text: 'a'.repeat(1_000_000) });
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});

test('masking never throws, and leaves no e-mail address', () => {
  const withAddresses = fc.letrec((tie) => ({
    json: fc.oneof(
      fc.jsonValue(),
      fc.emailAddress(),
      fc.array(tie('json')),
      fc.dictionary(fc.string(), tie('json')),
    ),
  })).json;
  fc.assert(
    fc.property(withAddresses, (json) => {
      const text = JSON.stringify(maskPersonalData(json), (_key, value: unknown) =>
        typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.values(value) : value,
      );
      expect(text).not.toMatch(/[a-z0-9]@[a-z0-9]+\.[a-z]/i);
    }),
    { numRuns: 500 },
  );
});

describe('for good', () => {
  const CANARY = 'Wilhelmina';
  const payment = {
    event_id: 'evt_1',
    event_type: 'payment_failed',
    content: {
      object: {
        payment_id: '01980000-0000-7000-8000-000000000001',
        customer_id: '01980000-0000-7000-8000-000000000002',
        status: 'failed',
        amount: 6540,
        currency: 'USD',
        updated: '2026-11-30T12:00:00.000Z',
        error_code: 'card_declined',
        error_message: `${CANARY} has no money`,
        description: CANARY,
        statement_descriptor_name: CANARY,
        metadata: { order_id: '01980000-0000-7000-8000-000000000003', note: CANARY },
        feature_metadata: [CANARY, { deep: CANARY }],
        tax_id: CANARY,
        payment_method_data: { card: { last4: '4242' }, wallet: CANARY },
        return_url: `https://shop.example/${CANARY}`,
      },
    },
  };

  test('ids, amounts, times and statuses stay, and no other text', () => {
    expect(maskForGood(payment)).toEqual({
      event_id: 'evt_1',
      event_type: 'payment_failed',
      content: {
        object: {
          ...payment.content.object,
          error_message: '***',
          description: '***',
          statement_descriptor_name: '***',
          metadata: { order_id: '01980000-0000-7000-8000-000000000003', note: '***' },
          feature_metadata: ['***', { deep: '***' }],
          tax_id: '***',
          payment_method_data: { card: '***', wallet: '***' },
          return_url: '***',
        },
      },
    });
  });

  test('the masked body says the same of the money', () => {
    const { errorMessage, ...said } = parseHyperswitchEvent(payment) as PaymentEvent;
    expect(errorMessage).toContain(CANARY);
    const { errorMessage: masked, ...after } = parseHyperswitchEvent(maskForGood(payment)) as PaymentEvent;
    expect(masked).toBe('***');
    expect({ ...after, card: null }).toEqual({ ...said, card: null });
  });

  test('masking twice changes nothing, and what is no JSON goes whole', () => {
    const once = maskTextForGood(JSON.stringify(payment));
    expect(maskTextForGood(once)).toBe(once);
    expect(once).not.toContain(CANARY);
    expect(maskTextForGood(`${CANARY}, by hand`)).toBe('"***"');
  });

  test('no sentence and no address is left of any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const text = JSON.stringify(
          maskForGood({ text: json, id: `${CANARY} and others`, status: 'a@b.example' }),
        );
        expect(text).not.toMatch(/and others|@/);
      }),
      { numRuns: 200 },
    );
  });
});
