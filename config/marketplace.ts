import { z } from 'zod';
import { durationMs } from '../domain/kernel/index.ts';
import { FEE_POLICIES } from '../domain/marketplace/index.ts';
import { duration, flag, integer } from './schemas.ts';
import { variable, type Variables } from './variable.ts';

/** No activity runs longer (workflows/kernel/policies.ts). */
const READ_LAG_LEAST_MS = 10 * 60 * 1000;

/** A call waits half of it for its turn, then 8 s for the engine (engine/calls.ts); its client waits 28 s (api/middleware/deadline.ts). */
const ENGINE_WAIT_MOST_MS = 20_000;

const longerThanActivities = (given: string) => {
  const lagMs = durationMs(given);
  if (lagMs === undefined || lagMs >= READ_LAG_LEAST_MS) return null;
  return '10m or longer: what an activity asked before it may still land';
};

/** Variables of orders, refunds, transfers and reversals. */
export const MARKETPLACE_VARIABLES = {
  PSP_RETRY_BASE: variable(duration('1s'), '1s', 'first wait after an unanswered call to the PSP; doubles'),
  PSP_RETRY_MAX: variable(duration('5m'), '5m', 'longest wait between calls to the PSP'),
  PSP_READ_LAG: variable(
    duration('10m'),
    '10m',
    'how long the PSP may have a refund that its reads do not show; before that, "not found" proves nothing',
    { inProduction: longerThanActivities },
  ),
  STRIPE_READ_LAG: variable(
    duration('10m'),
    '10m',
    'how long Stripe may still make a transfer or payout that its lists do not show: two looks have to be this far apart',
    { inProduction: longerThanActivities },
  ),
  PLATFORM_FEE_BPS: variable(integer(1000, 0, 10_000), '1000', 'platform fee in basis points'),
  REFUND_WINDOW_DAYS: variable(
    integer(14, 0, 3650),
    '14',
    'days after completion in which a refund may be asked for',
  ),
  REFUND_FEE_POLICY: variable(
    z.enum(FEE_POLICIES, 'refund or keep').default('refund'),
    'refund',
    "whether a refund gives the platform's fee back or leaves it, at the seller's cost",
  ),
  ORDER_PAYMENT_TIMEOUT: variable(duration('24h'), '24h', 'how long an order waits for its payment'),
  OPEN_ORDERS_MAX: variable(
    integer(20, 1, 1_000_000),
    '20',
    'unpaid orders that one buyer may have at a time',
  ),
  ENGINE_WAIT_MAX: variable(
    duration('1s').refine((waitMs) => waitMs >= 100 && waitMs <= ENGINE_WAIT_MOST_MS, '100ms to 20s'),
    '1s',
    'longest time until a refund is begun, 20s at most: an API process begins only as many at a time as are begun within it, and refuses the others soon (503 `engine_busy`); a purchase has 5 s besides, for the PSP',
  ),
  ENGINE_CALLS_MAX: variable(
    integer(256, 1, 10_000),
    '256',
    'refunds, and as many purchases, that one API process begins at a time at most, however fast they are',
  ),
  TRANSFER_RETRY_WORKER_ENABLED: variable(
    flag('true'),
    'true',
    'whether this worker sends transfers and payouts',
  ),
  TRANSFER_RETRY_MAX_RETRIES: variable(
    integer(5, 0, 1000),
    '5',
    'retries of a transfer or payout before it fails for good',
  ),
  TRANSFER_RETRY_INTERVAL: variable(
    duration('1m'),
    '1m',
    'how often a worker that does not serve transfers and payouts looks again',
  ),
  TRANSFER_RETRY_BACKOFF_BASE: variable(
    duration('1m'),
    '1m',
    'first wait between attempts of a transfer or payout; doubles',
  ),
  TRANSFER_RETRY_BACKOFF_MAX: variable(
    duration('1h'),
    '1h',
    'longest wait between attempts of a transfer or payout',
  ),
  REVERSAL_WORKER_ENABLED: variable(flag('true'), 'true', 'whether this worker reverses transfers'),
  REVERSAL_MAX_RETRIES: variable(integer(5, 0, 1000), '5', 'retries of a reversal before it fails for good'),
  REVERSAL_CHECK_INTERVAL: variable(
    duration('1m'),
    '1m',
    'an attempt starts within this time of its next_retry_at',
  ),
  REVERSAL_BACKOFF_BASE: variable(duration('1m'), '1m', 'first wait between attempts of a reversal; doubles'),
  REVERSAL_BACKOFF_MAX: variable(duration('1h'), '1h', 'longest wait between attempts of a reversal'),
} as const satisfies Variables;
