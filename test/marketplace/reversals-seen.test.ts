import { describe, expect, test } from 'vitest';
import {
  isBooked,
  isOutside,
  type KnownReversal,
  rowBehind,
} from '../../domain/marketplace/reversals-seen.ts';

const row = (id: string, more: Partial<KnownReversal> = {}): KnownReversal => ({
  id,
  status: 'permanently_failed',
  stripeReversalId: null,
  retryOf: null,
  amountMinor: 900,
  coveredMinor: 0,
  ...more,
});
const seen = (stripeReversalId: string, reversalId: string | null) => ({ stripeReversalId, reversalId });

describe('what Stripe lists, and the rows of ours', () => {
  const chain = [row('a'), row('b', { retryOf: 'a' }), row('c', { retryOf: 'b', status: 'written_off' })];

  test('the last of its chain stands for what an earlier row made', () => {
    expect(rowBehind(seen('trr_1', 'a'), chain)?.id).toBe('c');
    expect(rowBehind(seen('trr_1', 'c'), chain)?.id).toBe('c');
    expect(rowBehind(seen('trr_1', null), chain)).toBeUndefined();
  });

  const done = (stripeReversalId: string | null, coveredMinor = 0) => [
    row('a'),
    row('b', { retryOf: 'a', status: 'reversed', stripeReversalId, coveredMinor }),
  ];
  const cases: readonly (readonly [string, ReturnType<typeof seen>, readonly KnownReversal[], boolean])[] = [
    ['nobody of ours made it', seen('trr_1', null), chain, true],
    ['its metadata names no row of ours', seen('trr_1', 'x'), chain, true],
    ['one that waits for a person', seen('trr_1', 'a'), chain, false],
    ['one that is open', seen('trr_1', 'a'), [row('a', { status: 'pending' })], false],
    ['a row has it', seen('trr_1', 'a'), done('trr_1'), false],
    ['the row has another one: the seller paid twice', seen('trr_2', 'a'), done('trr_1'), true],
    ['others have covered it: the seller paid twice', seen('trr_1', 'a'), done(null, 900), true],
    ['others have covered a part, a row has it', seen('trr_1', 'a'), done('trr_1', 300), false],
    ['its id at Stripe was not kept: it may be this one', seen('trr_1', 'a'), done(null), false],
    ['its id at Stripe is empty: it may be this one', seen('trr_1', 'a'), done(''), false],
    ['covered in part without an id: it may be the rest', seen('trr_1', 'a'), done('', 300), false],
  ];
  test.each(cases)('outside? %s', (_, one, known, expected) => {
    expect(isOutside(one, known)).toBe(expected);
    expect(isBooked(one, known)).toBe(known.some((each) => each.stripeReversalId === one.stripeReversalId));
  });
});
