import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectCleanBooks } from '../harness/books.ts';
import { eventually, flagsOf, refundsOf, workflowStatus } from '../harness/rows.ts';
import { placedOrder } from '../harness/stories.ts';
import { World } from '../harness/world.ts';

describe('an order unpaid after ORDER_PAYMENT_TIMEOUT', () => {
  let world: World;
  let people: Awaited<ReturnType<World['seed']>>;
  beforeAll(async () => {
    world = await World.create({ env: { ORDER_PAYMENT_TIMEOUT: '1500ms' } });
    people = await world.seed();
  });
  afterEach(async () => {
    world.psp.control.clearFaults();
    await expectCleanBooks(world);
  });
  afterAll(() => world.close());

  const placed = () => placedOrder(world, people.buyer, [people.products[0]!.id]);
  const lookedUp = (orderId: string) =>
    world.psp.control.waitForRequest(
      ({ operation, params, outcome }) =>
        operation === 'payments.retrieve' && params['id'] === orderId && outcome === 'answered',
    );

  it('not paid: failed, "expired"', async () => {
    const orderId = await placed();
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'failed' });
    await lookedUp(orderId);
    expect(await world.order(orderId)).toMatchObject({
      status: 'failed',
      failureReason: 'expired',
      capturedMinor: null,
    });
  });

  it('still processing: waits on', async () => {
    const orderId = await placed();
    world.psp.control.processing(orderId);
    await lookedUp(orderId);
    expect((await world.order(orderId)).status).toBe('pending');
    expect(await workflowStatus(world, `order/${orderId}`)).toBe('RUNNING');
    world.psp.control.pay(orderId);
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
  });

  it('paid, and the webhook was lost: completed by what the look-up says', async () => {
    const orderId = await placed();
    world.psp.control.pay(orderId, { webhook: false });
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    expect((await world.order(orderId)).capturedMinor).toBe(2_500);
    for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
  });

  it('the PSP cannot be asked: unknown is not unpaid', async () => {
    const orderId = await placed();
    world.psp.control.pay(orderId, { webhook: false });
    world.psp.control.addFault({
      kind: 'status',
      status: 503,
      match: 'payments.retrieve',
      where: { id: orderId },
      times: 3,
    });
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
  });

  it('the PSP cannot be asked, but its webhook comes: that is enough', async () => {
    const orderId = await placed();
    world.psp.control.addFault({
      kind: 'status',
      status: 503,
      match: 'payments.retrieve',
      where: { id: orderId },
      times: 'always',
    });
    await lookedUp(orderId);
    world.psp.control.pay(orderId);
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
  });

  it('paid after it expired: given back, flagged', async () => {
    const orderId = await placed();
    await world.finished(`order/${orderId}`);
    world.psp.control.pay(orderId);
    const [refund] = await eventually(async () => {
      const rows = await refundsOf(world, orderId);
      expect(rows).toHaveLength(1);
      return rows;
    });
    expect(await world.finished(`refund/${refund!.id}`)).toEqual({ status: 'succeeded' });
    expect(await world.order(orderId)).toMatchObject({ status: 'refunded', failureReason: 'expired' });
    expect(await flagsOf(world, `order/${orderId}`)).toEqual(['late_payment']);
  });
});
