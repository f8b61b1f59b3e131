import { Context } from '@temporalio/activity';

const HEARTBEAT_INTERVAL_MS = 1_000;

/**
 * Heartbeats while the work runs, so that the server notices a dead worker within the activity's heartbeat timeout.
 * `details` tells the next attempt how far this one came.
 */
export async function whileHeartbeating<T>(
  work: () => Promise<T>,
  details: () => unknown = () => undefined,
): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(details()), HEARTBEAT_INTERVAL_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
