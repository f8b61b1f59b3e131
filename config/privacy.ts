import { durationMs } from '../domain/kernel/index.ts';
import { duration } from './schemas.ts';
import { variable, type Variables } from './variable.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** People's copies of what is held on them, and their leaving. */
export const PRIVACY_VARIABLES = {
  DELETION_GRACE: variable(
    duration('30d'),
    '30d',
    'how long somebody who leaves may stay after all; then all that is personal is erased',
    { inProduction: (given) => ((durationMs(given) ?? 0) < DAY_MS ? 'a day at least' : null) },
  ),
  EXPORT_TTL: variable(
    duration('7d'),
    '7d',
    'how long the file with a copy of somebody’s data is kept, and can be fetched',
  ),
  EXPORT_RETRY_BASE: variable(
    duration('1m'),
    '1m',
    'wait after the first attempt at such a file that failed; it doubles, and after five retries it is given up',
  ),
  DELETION_LOOK_EVERY: variable(
    duration('6h'),
    '6h',
    'how often a deletion that waits looks whether money still moves; money that comes to rest wakes it within a minute',
  ),
  ERASING_PROVIDER_WAIT: variable(
    duration('7d'),
    '7d',
    'how long an erasing waits for a provider of sign-ins that is away, before it goes on without it and raises a flag',
  ),
} as const satisfies Variables;
