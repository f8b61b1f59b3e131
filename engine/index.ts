import type { Client } from '@temporalio/client';
import { joined } from '../domain/kernel/index.ts';
import { mailEngine } from './accounts.ts';
import { backfillEngine } from './backfill.ts';
import { createCalls, type TaskQueues } from './calls.ts';
import { kernelEngine } from './kernel.ts';
import { marketplaceEngine } from './marketplace.ts';
import { sellerEngine } from './payouts.ts';
import type { Engine } from './port/index.ts';
import { privacyEngine } from './privacy.ts';
import { sweepEngine } from './reconcile.ts';
import { settlementEngine } from './settlements.ts';
import { subscriptionEngine } from './subscriptions.ts';
import { upkeepEngine } from './upkeep.ts';

/** The engine on Temporal: what each subject asks of it. */
export function createEngine(client: Client, queues: TaskQueues): Engine {
  const calls = createCalls(client);
  return joined(
    'verbs of the engine',
    kernelEngine(calls, queues, client),
    mailEngine(calls, queues),
    marketplaceEngine(calls, queues),
    backfillEngine(calls, queues),
    sellerEngine(calls, queues),
    sweepEngine(calls, queues),
    settlementEngine(calls, queues),
    subscriptionEngine(calls, queues),
    upkeepEngine(calls, queues),
    privacyEngine(calls, queues, client),
  );
}
