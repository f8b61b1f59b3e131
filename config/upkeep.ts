import { duration } from './schemas.ts';
import { variable, type Variables } from './variable.ts';

/** The upkeep: what removes rows that are over, and makes others forget. */
export const UPKEEP_VARIABLES = {
  UPKEEP_INTERVAL: variable(
    duration('1h'),
    '1h',
    'how often the upkeep runs; `npm run temporal:setup` puts it into the schedule',
  ),
  ADDRESS_RETENTION: variable(
    duration('365d'),
    '365d',
    'how long sessions and the audit log keep from which address and browser somebody called; the upkeep forgets both',
  ),
} as const satisfies Variables;
