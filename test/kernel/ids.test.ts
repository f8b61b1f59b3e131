import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyGeneration } from '../../domain/kernel/ids.ts';
import { accountKey, onboardingWorkflowId } from '../../domain/sellers/ids.ts';
import {
  orderWorkflowId,
  refundWorkflowId,
  reversalKey,
  reversalWorkflowId,
  transferKey,
  transferWorkflowId,
} from '../../domain/marketplace/ids.ts';
import { payoutKey, payoutWorkflowId } from '../../domain/payouts/ids.ts';

const ID = '01890000-0000-7000-8000-000000000001';

test('a workflow id names the kind and the row', () => {
  expect(orderWorkflowId(ID)).toBe(`order/${ID}`);
  expect(refundWorkflowId(ID)).toBe(`refund/${ID}`);
  expect(transferWorkflowId(ID)).toBe(`transfer/${ID}`);
  expect(reversalWorkflowId(ID)).toBe(`reversal/${ID}`);
  expect(payoutWorkflowId(ID)).toBe(`payout/${ID}`);
  expect(onboardingWorkflowId(ID)).toBe(`onboarding/${ID}`);
});

describe('idempotency keys', () => {
  test('name the operation, the row and the generation', () => {
    expect(transferKey(ID, 1)).toBe(`transfer:${ID}:1`);
    expect(reversalKey(ID, 12)).toBe(`reversal:${ID}:12`);
    expect(payoutKey(ID, 2)).toBe(`payout:${ID}:2`);
    expect(accountKey(ID, 1)).toBe(`account:${ID}:1`);
  });

  test('say which generation they are', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.integer({ min: 1, max: 1e9 }), (id, generation) => {
        expect(keyGeneration(transferKey(id, generation))).toBe(generation);
        expect(keyGeneration(reversalKey(id, generation))).toBe(generation);
        expect(keyGeneration(payoutKey(id, generation))).toBe(generation);
        expect(keyGeneration(accountKey(id, generation))).toBe(generation);
      }),
    );
    expect(keyGeneration(null)).toBe(0);
  });

  test.each([
    '',
    'transfer',
    'transfer:x:',
    'transfer:x:0',
    'transfer:x:-1',
    'transfer:x:1.5',
    'transfer:x:one',
  ])('%j is none of ours', (key) => {
    expect(() => keyGeneration(key)).toThrow();
  });

  test('fit into what Stripe takes (255 characters)', () => {
    expect(reversalKey(ID, Number.MAX_SAFE_INTEGER).length).toBeLessThan(255);
  });
});
