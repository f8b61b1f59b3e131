import { describe, expect, test } from 'vitest';
import { classifyDecline, type DeclineFacts, refusedCharge } from '../../domain/subscriptions/index.ts';

const NOTHING = refusedCharge(null);
const facts = (said: Partial<DeclineFacts>): DeclineFacts => ({ ...NOTHING, ...said });

const FINAL_WORDS = [
  'lost_card',
  'stolen_card',
  'pickup_card',
  'incorrect_number',
  'invalid_account',
  'expired_card',
  'card_not_supported',
  'transaction_not_allowed',
  'revocation_of_authorization',
  'revocation_of_all_authorizations',
  'stop_payment_order',
  'authentication_required',
  'highest_risk_level',
  'fraudulent',
];
const RETRY_WORDS = [
  'insufficient_funds',
  'do_not_honor',
  'try_again_later',
  'processing_error',
  'generic_decline',
  'a_word_of_tomorrow',
];
const FINAL_ISSUER_CODES = ['04', '07', '14', '15', '41', '43', '46', '54', '57', 'R0', 'R1', 'R3'];

describe('a decline is classed', () => {
  test.each(FINAL_WORDS)('final: %s, as decline code, error code and unified code', (word) => {
    for (const field of ['declineCode', 'errorCode', 'unifiedCode'] as const)
      expect(classifyDecline(facts({ [field]: word }))).toEqual({ code: word, class: 'final' });
  });

  test.each(RETRY_WORDS)('retry: %s', (word) => {
    for (const field of ['declineCode', 'errorCode', 'unifiedCode'] as const)
      expect(classifyDecline(facts({ [field]: word }))).toEqual({ code: word, class: 'retry' });
  });

  test.each(FINAL_ISSUER_CODES)('final: issuer %s', (issuerCode) => {
    expect(classifyDecline(facts({ issuerCode }))).toEqual({ code: issuerCode, class: 'final' });
  });

  test.each(['05', '51', '91', 'ZZ'])('retry: issuer %s', (issuerCode) => {
    expect(classifyDecline(facts({ issuerCode }))).toEqual({ code: issuerCode, class: 'retry' });
  });

  test.each([
    ['03', 'final'],
    ['21', 'final'],
    ['01', 'retry'],
    ['24', 'retry'],
  ])('advice %s: %s', (adviceCode, expected) => {
    expect(classifyDecline(facts({ adviceCode }))).toEqual({ code: adviceCode, class: expected });
  });

  test.each([
    ['IR_16', 'final'],
    ['IR_39', 'final'],
    ['HE_02', 'final'],
    ['IR_04', 'retry'],
    ['HE_03', 'retry'],
    ['CE_00', 'retry'],
  ])('a refused charge, %s: %s', (code, expected) => {
    expect(classifyDecline(refusedCharge(code))).toMatchObject({ class: expected });
  });

  test('a charge without the buyer that waits for the buyer: final, whatever else it says', () => {
    const waits = facts({ status: 'requires_customer_action', declineCode: 'insufficient_funds' });
    expect(classifyDecline(waits)).toEqual({ code: 'requires_customer_action', class: 'final' });
  });

  test('nothing said: retry, without a code', () => {
    expect(classifyDecline(NOTHING)).toEqual({ code: null, class: 'retry' });
    expect(classifyDecline(facts({ status: 'failed' }))).toEqual({ code: null, class: 'retry' });
  });
});

describe('the first code that is known decides', () => {
  const ALL = { adviceCode: '03', issuerCode: '51', declineCode: 'lost_card', errorCode: 'processing_error' };

  test.each([
    ['advice', ALL, { code: '03', class: 'final' }],
    ['issuer', { ...ALL, adviceCode: null }, { code: '51', class: 'retry' }],
    [
      'the decline word',
      { ...ALL, adviceCode: null, issuerCode: null },
      { code: 'lost_card', class: 'final' },
    ],
    [
      'error_code',
      { errorCode: 'processing_error', unifiedCode: 'expired_card' },
      { code: 'processing_error', class: 'retry' },
    ],
    [
      'unified_code',
      { errorCode: 'card_declined', unifiedCode: 'expired_card' },
      { code: 'expired_card', class: 'final' },
    ],
    [
      'none of them: the first that was said',
      { declineCode: 'odd', errorCode: 'card_declined' },
      { code: 'odd', class: 'retry' },
    ],
  ])('%s', (_name, said, expected) => {
    expect(classifyDecline(facts(said))).toEqual(expected);
  });

  test('an unknown advice does not hide the bank’s answer', () => {
    expect(classifyDecline(facts({ adviceCode: '99', issuerCode: '41' }))).toEqual({
      code: '41',
      class: 'final',
    });
    expect(classifyDecline(facts({ issuerCode: '99', declineCode: 'stolen_card' }))).toMatchObject({
      class: 'final',
    });
    expect(classifyDecline(facts({ declineCode: 'odd', errorCode: 'expired_card' }))).toMatchObject({
      class: 'final',
    });
  });

  test('a code counts in its own field alone, in any case and with one digit', () => {
    expect(classifyDecline(facts({ issuerCode: '4' }))).toEqual({ code: '04', class: 'final' });
    expect(classifyDecline(facts({ issuerCode: 'r1' }))).toEqual({ code: 'R1', class: 'final' });
    expect(classifyDecline(facts({ declineCode: ' Lost_Card ' }))).toEqual({
      code: 'lost_card',
      class: 'final',
    });
    // Another connector's error code 41 is not the issuer's.
    expect(classifyDecline(facts({ errorCode: '41' }))).toEqual({ code: '41', class: 'retry' });
    expect(classifyDecline(facts({ errorCode: 'constructor' }))).toMatchObject({ class: 'retry' });
  });
});
