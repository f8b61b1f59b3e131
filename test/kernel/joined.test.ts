import { expect, it } from 'vitest';
import { joined } from '../../domain/kernel/index.ts';

const refunds = { open: () => 'opened', settle: () => 'settled' };
const subscriptions = { renew: () => 'renewed' };

it('joins what subjects bring under their names', () => {
  const all = joined('activities', refunds, subscriptions);
  expect(Object.keys(all)).toEqual(['open', 'settle', 'renew']);
  expect([all.settle(), all.renew()]).toEqual(['settled', 'renewed']);
});

it('refuses two of one name, and says which', () => {
  const doubled = { settle: () => 'something else' };
  expect(() => joined('activities', refunds, subscriptions, doubled)).toThrow(
    'two activities are called settle',
  );
});
