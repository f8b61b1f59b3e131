import {
  allHandlersFinished,
  condition,
  proxyLocalActivities,
  setDefaultSignalHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import { databaseVerb } from './policies.ts';

const { recordStraySignal } = proxyLocalActivities<Activities>(databaseVerb);

/**
 * Catches signals that have no handler, also buffered ones: install it after all other handlers. It only keeps their
 * names, since a handler that throws would fail the workflow; `settleMessages` records them.
 */
export function catchStraySignals(): string[] {
  const names: string[] = [];
  setDefaultSignalHandler((name) => {
    names.push(name);
  });
  return names;
}

/**
 * Call it before a workflow ends: it waits for the handlers' answers, and puts stray signals on the operators' list.
 */
export async function settleMessages(strays: string[]): Promise<void> {
  await condition(allHandlersFinished);
  for (let name = strays.shift(); name !== undefined; name = strays.shift()) {
    await recordStraySignal(workflowInfo().workflowId, name);
  }
}
