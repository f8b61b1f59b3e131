import { duration } from './schemas.ts';
import { variable, type Variables } from './variable.ts';

/** The upkeep: what removes rows that are over. */
export const UPKEEP_VARIABLES = {
  UPKEEP_INTERVAL: variable(
    duration('1h'),
    '1h',
    'how often the upkeep runs; `npm run temporal:setup` puts it into the schedule',
  ),
} as const satisfies Variables;
