import { expect, vi } from 'vitest';
import { reversalRow, stateOf } from './read.ts';
import type { World } from './world.ts';

// What a test waits for. Each has a deadline, and says what it saw last. An end that something announces is better
// awaited: `world.finished` of a workflow, `waitForDelivery` and `waitForRequest` of a stand-in.

const UNTIL_MS = 60_000;

/** Reads until it is so, and returns what was read: for states that nothing announces. */
export async function until<T>(read: () => Promise<T>, isSo: (seen: T) => boolean): Promise<T> {
  return vi.waitFor(
    async () => {
      const seen = await read();
      if (!isSo(seen)) throw new Error(`it has not come to that: ${JSON.stringify(seen)}`);
      return seen;
    },
    { timeout: UNTIL_MS, interval: 20 },
  );
}

/** The reversal of a refund, once the attempts it has lost are so many. */
export const failedAttempts = (world: World, reversalId: string, count: number) =>
  until(
    () => reversalRow(world, reversalId),
    (row) => row.retryCount >= count,
  );

export const waitsFor = (world: World, reversalId: string, what: string) =>
  until(
    () => reversalRow(world, reversalId),
    (row) => row.waitingFor === what,
  );

/** What the workflow says of itself, once an attempt has come back. */
export const stateAfterAttempt = (world: World, workflowId: string) =>
  until(
    () => stateOf(world, workflowId),
    (state) => state.ended || state.lastError !== null,
  );

/** Waits until what is asserted holds: for what no workflow's end, request or delivery announces. */
export const eventually = <T>(assertion: () => T | Promise<T>, timeoutMs = UNTIL_MS): Promise<T> =>
  vi.waitFor(assertion, { timeout: timeoutMs, interval: 25 });

/** Phase 2 is over: the PSP has the refund, and its id is kept. */
export const adopted = (world: World, refundId: string) =>
  eventually(async () => {
    expect((await world.refund(refundId)).hyperswitchRefundId).toBe(refundId);
  });

/** The webhook of an object arrived and was answered 2xx. */
export const delivered = (world: World, objectId: string, type: string) =>
  world.psp.control.waitForDelivery((delivery) => delivery.objectId === objectId && delivery.type === type);

/** An activity of the workflow was tried this often without success, as an operator sees it. */
export const attempted = (world: World, workflowId: string, attempts: number) =>
  eventually(async () => {
    const { raw } = await world.temporal.workflow.getHandle(workflowId).describe();
    expect(raw.pendingActivities?.[0]?.attempt ?? 0).toBeGreaterThanOrEqual(attempts);
  });
