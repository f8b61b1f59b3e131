import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maskPersonalData } from '../../providers/webhooks/mask.ts';

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
