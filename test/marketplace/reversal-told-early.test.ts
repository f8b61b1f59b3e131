import { and, eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { opsFlags } from '../../db/kernel/schema.ts';
import { webhookEvents } from '../../db/webhooks/schema.ts';
import { expectAgreement } from '../harness/agreement.ts';
import { reversalRow } from '../harness/read.ts';
import { signal } from '../harness/stories.ts';
import { failedAttempts, until } from '../harness/wait.ts';
import { type Refunded, refundedOrder } from '../harness/refunded.ts';
import { onReversalLookUps, STRIPE_IS_DOWN } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

const REASON = 'Stripe says that it took it';

describe('Stripe carried a reversal out, its answers are lost, and its webhook comes while it is open', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({
      env: { REVERSAL_MAX_RETRIES: '1', REVERSAL_BACKOFF_BASE: '10m', REVERSAL_BACKOFF_MAX: '1h' },
    });
  });
  afterEach(() => world.stripe.control.clearFaults());
  afterAll(() => world.close());

  /** An attempt whose answer was lost; the webhook is taken in, the next attempt is not due yet. */
  async function toldWhilePending(): Promise<Refunded> {
    const refunded = await refundedOrder(world, {
      troubles: [{ kind: 'dropAfter', times: 'always' }],
      before: ({ stripeTransferId }) => void onReversalLookUps(world, stripeTransferId, STRIPE_IS_DOWN),
    });
    const { reversal, stripeTransferId } = refunded;
    await failedAttempts(world, reversal.id, 1);
    await until(
      () =>
        world.database.db
          .select()
          .from(webhookEvents)
          .where(and(eq(webhookEvents.about, stripeTransferId), eq(webhookEvents.type, 'transfer.reversed'))),
      ([webhook]) => webhook?.outcome === 'ignored',
    );
    expect((await reversalRow(world, reversal.id)).status).toBe('pending');
    expect(await flags(refunded)).toEqual([]);
    return refunded;
  }

  /** All that were ever raised, with whether they are open. */
  const flags = async ({ workflowId }: Pick<Refunded, 'workflowId'>) => {
    const raised = await world.database.db
      .select()
      .from(opsFlags)
      .where(and(eq(opsFlags.kind, 'reversal_happened_after_all'), eq(opsFlags.subject, workflowId)));
    return raised.map(({ clearedAt, detail }) => ({ isOpen: clearedAt === null, detail }));
  };

  const retry = async ({ shop }: Refunded, reversalId: string) => {
    const answer = await world.post(shop.admin, `/admin/reversals/${reversalId}/retry`, { reason: REASON });
    expect(answer.status, JSON.stringify(answer.body)).toBe(202);
    return answer.body['reversal']! as { id: string; status: string };
  };

  const failsForGood = async ({ workflowId }: Pick<Refunded, 'workflowId'>) => {
    await signal(world, workflowId, 'retryNow');
    expect(await world.finished(workflowId)).toEqual({ status: 'permanently_failed' });
  };

  it('its retries are exhausted and it is written off: flagged, and a retry adopts it', async () => {
    const refunded = await toldWhilePending();
    const { shop, reversal, stripeTransferId } = refunded;
    await failsForGood(refunded);
    const [flag] = await flags(refunded);
    expect(flag).toMatchObject({ isOpen: true });
    expect(flag!.detail).toContain('retry it, and it is adopted');
    const resolved = await world.post(shop.admin, `/admin/reversals/${reversal.id}/resolve`, {
      resolution: 'written_off',
      reason: 'the seller is gone',
    });
    expect(resolved.status, JSON.stringify(resolved.body)).toBe(200);
    expect(await flags(refunded)).toMatchObject([{ isOpen: true }]);

    world.stripe.control.clearFaults();
    expect((await retry(refunded, reversal.id)).status).toBe('reversed');
    expect(await reversalRow(world, reversal.id)).toMatchObject({
      status: 'reversed',
      stripeReversalId: world.stripe.control.reversals(stripeTransferId)[0]!.id,
    });
    expect(await flags(refunded)).toMatchObject([{ isOpen: false }]);
    await expectAgreement(world);
  });

  it('the one that took its place fails as well: that one is flagged, by what its predecessor was told', async () => {
    const refunded = await toldWhilePending();
    await failsForGood(refunded);
    const { id } = await retry(refunded, refunded.reversal.id);
    const second = { workflowId: `reversal/${id}` };
    await failedAttempts(world, id, 1);
    await failsForGood(second);
    expect(await flags(refunded)).toMatchObject([{ isOpen: false }]);
    expect(await flags(second)).toMatchObject([{ isOpen: true }]);

    world.stripe.control.clearFaults();
    const third = await retry(refunded, id);
    expect(await world.finished(`reversal/${third.id}`)).toEqual({ status: 'reversed' });
    expect(await flags(second)).toMatchObject([{ isOpen: false }]);
    await expectAgreement(world);
  });

  it('its next attempt learns of it: nothing was ever flagged', async () => {
    const refunded = await toldWhilePending();
    world.stripe.control.clearFaults();
    await signal(world, refunded.workflowId, 'retryNow');
    expect(await world.finished(refunded.workflowId)).toEqual({ status: 'reversed' });
    expect(await flags(refunded)).toEqual([]);
    await expectAgreement(world);
  });
});
