import { duration, flag, integer } from './schemas.ts';
import { variable, type Variables } from './variable.ts';

/** The sweep. */
export const RECONCILE_VARIABLES = {
  RECONCILE_WORKER_ENABLED: variable(flag('true'), 'true', 'whether this worker looks for what is stuck'),
  RECONCILE_INTERVAL: variable(
    duration('1h'),
    '1h',
    'how often the sweep runs; `npm run temporal:setup` puts it into the schedule',
  ),
  RECONCILE_ORDER_STUCK_AFTER: variable(
    duration('30m'),
    '30m',
    'age of a pending order at which the sweep asks the PSP about it',
  ),
  RECONCILE_REFUND_STUCK_AFTER: variable(
    duration('30m'),
    '30m',
    'age at which the sweep asks the PSP about a refund that it has accepted',
  ),
  RECONCILE_REFUND_ORPHAN_AFTER: variable(
    duration('5m'),
    '5m',
    'age at which the sweep asks the PSP about a refund that it may never have received',
  ),
  RECONCILE_BATCH: variable(integer(50, 1, 1000), '50', 'rows of each phase in one sweep'),
  RECONCILE_CONCURRENCY: variable(integer(10, 1, 100), '10', 'rows that a sweep looks at in parallel'),
} as const satisfies Variables;
