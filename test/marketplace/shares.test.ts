import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sumMinor } from '../../domain/kernel/money.ts';
import {
  allocateAmount,
  allocatedMinor,
  allocateItems,
  itemLeftMinor,
  type ItemLeft,
  leftMinor,
} from '../../domain/marketplace/shares.ts';

const share = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 5_000_000 }));
const items: fc.Arbitrary<ItemLeft[]> = fc.uniqueArray(
  fc.record({
    orderItemId: fc.uuid(),
    sellerId: fc.constantFrom('ada', 'ben', 'cat'),
    sellerLeftMinor: share,
    feeLeftMinor: share,
  }),
  { minLength: 1, maxLength: 8, selector: (item) => item.orderItemId },
);

const withAmount = items.chain((list) =>
  fc.record({ list: fc.constant(list), amountMinor: fc.nat({ max: leftMinor(list) }) }),
);

/** What is left after a refund. */
function after(list: readonly ItemLeft[], amountMinor: number): ItemLeft[] {
  const taken = new Map(
    allocateAmount(amountMinor, list).map((allocation) => [allocation.orderItemId, allocation]),
  );
  return list.map((item) => ({
    ...item,
    sellerLeftMinor: item.sellerLeftMinor - (taken.get(item.orderItemId)?.sellerMinor ?? 0),
    feeLeftMinor: item.feeLeftMinor - (taken.get(item.orderItemId)?.feeMinor ?? 0),
  }));
}

describe('a refund by amount', () => {
  test('is borne exactly, with no part negative or above what is left', () => {
    fc.assert(
      fc.property(withAmount, ({ list, amountMinor }) => {
        const allocations = allocateAmount(amountMinor, list);
        expect(allocatedMinor(allocations)).toBe(amountMinor);
        for (const allocation of allocations) {
          const item = list.find(({ orderItemId }) => orderItemId === allocation.orderItemId);
          expect(allocation.sellerMinor).toBeGreaterThanOrEqual(0);
          expect(allocation.feeMinor).toBeGreaterThanOrEqual(0);
          expect(allocation.sellerMinor).toBeLessThanOrEqual(item?.sellerLeftMinor ?? -1);
          expect(allocation.feeMinor).toBeLessThanOrEqual(item?.feeLeftMinor ?? -1);
          expect(allocation.sellerMinor + allocation.feeMinor).toBeGreaterThan(0);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('however many come, the last takes all and leaves nothing', () => {
    fc.assert(
      fc.property(
        items,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }),
        (list, cuts) => {
          let left: readonly ItemLeft[] = list;
          let refundedMinor = 0;
          for (const cut of cuts) {
            const amountMinor = Math.floor(leftMinor(left) * cut);
            left = after(left, amountMinor);
            refundedMinor += amountMinor;
          }
          const lastMinor = leftMinor(left);
          left = after(left, lastMinor);
          expect(refundedMinor + lastMinor).toBe(leftMinor(list));
          expect(left.every((item) => item.sellerLeftMinor === 0 && item.feeLeftMinor === 0)).toBe(true);
        },
      ),
    );
  });

  test('an item of which nothing is left bears nothing', () => {
    const spent = { orderItemId: 'a', sellerId: 'ada', sellerLeftMinor: 0, feeLeftMinor: 0 };
    const whole = { orderItemId: 'b', sellerId: 'ben', sellerLeftMinor: 90, feeLeftMinor: 10 };
    expect(allocateAmount(50, [spent, whole])).toEqual([
      { orderItemId: 'b', sellerId: 'ben', sellerMinor: 45, feeMinor: 5 },
    ]);
    expect(allocateAmount(0, [spent])).toEqual([]);
  });

  test('more than is left is refused', () => {
    expect(() => allocateAmount(1, [])).toThrow(RangeError);
  });
});

test('a refund of named items takes all that is left of them', () => {
  fc.assert(
    fc.property(items, (list) => {
      const allocations = allocateItems(list);
      expect(allocatedMinor(allocations)).toBe(sumMinor(list.map(itemLeftMinor)));
      for (const allocation of allocations) {
        const item = list.find(({ orderItemId }) => orderItemId === allocation.orderItemId);
        expect(allocation).toMatchObject({
          sellerMinor: item?.sellerLeftMinor,
          feeMinor: item?.feeLeftMinor,
        });
      }
    }),
  );
});
