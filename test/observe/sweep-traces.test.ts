import { defaultPayloadConverter } from '@temporalio/common';
import { expect, test } from 'vitest';
import { ORIGIN_HEADER } from '../../domain/kernel/origin.ts';
import { createClient } from '../../engine/connect.ts';
import { openShop } from '../harness/shop.ts';
import { placedOrder } from '../harness/stories.ts';
import { age, createWorld } from '../reconcile/support.ts';
import { startOtlpReceiver } from './otlp-receiver.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4737';

test('a run that continues as new is no error in its trace, and the run that ends is in it too', async () => {
  const receiver = await startOtlpReceiver();
  try {
    const world = await createWorld({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, RECONCILE_BATCH: '1' });
    const shop = await openShop(world);
    const orderIds = [
      await placedOrder(world, shop.buyer, shop.productIds),
      await placedOrder(world, shop.buyer, shop.productIds),
    ];
    for (const orderId of orderIds) await age(world, 'orders', orderId);
    const origin = defaultPayloadConverter.toPayload({ traceparent: `00-${TRACE}-00f067aa0ba902b7-01` });
    const client = createClient(world.temporal.connection, world.config, {
      interceptors: {
        workflow: [
          {
            start: (input, next) =>
              next({ ...input, headers: { ...input.headers, [ORIGIN_HEADER]: origin } }),
          },
        ],
      },
    });
    const handle = await client.workflow.start('reconcile', {
      workflowId: 'reconcile/traced',
      taskQueue: world.config.TEMPORAL_TASK_QUEUE,
      args: [{ drain: true, batchesPerRun: 1, phases: ['stuck_orders'] }],
    });
    await handle.result();
    for (const orderId of orderIds) {
      world.psp.control.fail(orderId);
      await world.finished(`order/${orderId}`);
    }
    // What the worker still holds it sends when it ends.
    await world.close();
    const runs = receiver.spans.filter(
      ({ traceId, name }) => traceId === TRACE && name === 'workflow reconcile',
    );
    expect(runs.length).toBeGreaterThan(1);
    expect(runs.filter(({ isError }) => isError)).toEqual([]);
  } finally {
    await receiver.close();
  }
});
