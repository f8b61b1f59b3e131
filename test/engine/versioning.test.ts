import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ConfigError, readConfig } from '../../config.ts';
import { createLogger } from '../../log.ts';
import { type RunningWorker, startWorker } from '../../worker.ts';
import * as workflows from '../../workflows/index.ts';
import { MOVES_TO_NEW_VERSIONS, STAYS_ON_ITS_VERSION } from '../../workflows/kernel/policies.ts';
import { adopted, attempted, eventually } from '../harness/wait.ts';
import { uniqueName } from '../harness/services.ts';
import { openShop } from '../harness/shop.ts';
import { completedOrder, openedRefund } from '../harness/stories.ts';
import { World } from '../harness/world.ts';

const deployment = uniqueName('veza');
const version = (buildId: string) => ({
  TEMPORAL_DEPLOYMENT_NAME: deployment,
  TEMPORAL_BUILD_ID: buildId,
});

describe('two versions of the code in one deployment', () => {
  let world: World;
  let next: RunningWorker;
  beforeAll(async () => {
    world = await World.create({ worker: false });
    await world.startWorker(version('v1'));
    await makeCurrent('v1');
  });
  afterAll(async () => {
    await next?.close();
    await world.close();
  });

  /** As `temporal worker deployment set-current-version` does; a version is known once its workers poll. */
  const makeCurrent = (buildId: string) =>
    eventually(() =>
      world.temporal.workflowService.setWorkerDeploymentCurrentVersion({
        namespace: world.config.TEMPORAL_NAMESPACE,
        deploymentName: deployment,
        buildId,
        identity: 'a test',
      }),
    );

  const versioningOf = async (workflowId: string) => {
    const { raw } = await world.temporal.workflow.getHandle(workflowId).describe();
    const info = raw.workflowExecutionInfo?.versioningInfo;
    return { behavior: info?.behavior, buildId: info?.deploymentVersion?.buildId };
  };
  const [PINNED, AUTO_UPGRADE] = [1, 2];

  it('what is short ends where it began, what waits for weeks moves to the current one', async () => {
    const shop = await openShop(world);
    world.psp.control.setRefundMode('manual');
    const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
    const refundId = await openedRefund(world, shop.buyer, orderId);
    await adopted(world, refundId);

    const { seller } = await openShop(world, { connected: false });
    const down = world.stripe.control.addFault({
      kind: 'status',
      status: 503,
      match: 'accounts.create',
      times: 'always',
    });
    const pages = { return_url: 'https://shop.example/back', refresh_url: 'https://shop.example/again' };
    const connecting = world.post(seller, '/sellers/me/stripe-account', pages);
    await attempted(world, `onboarding/${seller.id}`, 2);
    expect(await versioningOf(`onboarding/${seller.id}`)).toEqual({ behavior: PINNED, buildId: 'v1' });
    expect(await versioningOf(`refund/${refundId}`)).toEqual({ behavior: AUTO_UPGRADE, buildId: 'v1' });

    next = await startWorker(readConfig({ ...world.env, ...version('v2') }), {
      log: createLogger('fatal'),
      workflowBundle: { codePath: inject('workflowBundlePaths').plain },
    });
    await makeCurrent('v2');
    world.psp.control.settleRefund(refundId, 'succeeded');
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
    expect(await versioningOf(`refund/${refundId}`)).toEqual({ behavior: AUTO_UPGRADE, buildId: 'v2' });

    world.stripe.control.clearFaults(down);
    await connecting;
    await world.finished(`onboarding/${seller.id}`);
    expect(await versioningOf(`onboarding/${seller.id}`)).toEqual({ behavior: PINNED, buildId: 'v1' });
  });
});

it('every workflow says what it does when a new version comes', () => {
  const stated = Object.fromEntries(
    Object.entries(workflows).map(([name, workflow]) => [
      name,
      (workflow as { workflowDefinitionOptions?: unknown }).workflowDefinitionOptions,
    ]),
  );
  expect(stated).toEqual({
    order: MOVES_TO_NEW_VERSIONS,
    refund: MOVES_TO_NEW_VERSIONS,
    transfer: MOVES_TO_NEW_VERSIONS,
    reversal: MOVES_TO_NEW_VERSIONS,
    payout: MOVES_TO_NEW_VERSIONS,
    backfillTransferIds: MOVES_TO_NEW_VERSIONS,
    onboarding: STAYS_ON_ITS_VERSION,
    reconcile: STAYS_ON_ITS_VERSION,
    subscription: MOVES_TO_NEW_VERSIONS,
    revenue: STAYS_ON_ITS_VERSION,
    mail: MOVES_TO_NEW_VERSIONS,
    mails: STAYS_ON_ITS_VERSION,
    phantoms: STAYS_ON_ITS_VERSION,
    upkeep: STAYS_ON_ITS_VERSION,
    export: MOVES_TO_NEW_VERSIONS,
    deletion: MOVES_TO_NEW_VERSIONS,
    deletions: STAYS_ON_ITS_VERSION,
  });
});

it('TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_BUILD_ID: both or none', () => {
  for (const one of ['TEMPORAL_DEPLOYMENT_NAME', 'TEMPORAL_BUILD_ID']) {
    const problems = (() => {
      try {
        readConfig({ [one]: 'v1' });
        return [];
      } catch (error) {
        return error instanceof ConfigError ? error.problems : [];
      }
    })();
    expect(problems).toContain('TEMPORAL_DEPLOYMENT_NAME, TEMPORAL_BUILD_ID: expected both or none');
  }
});
