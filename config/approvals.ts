import { integer } from './schemas.ts';
import { variable, type Variables } from './variable.ts';

/** A second admin. */
export const APPROVALS_VARIABLES = {
  FOUR_EYES_ABOVE_MINOR: variable(
    integer(50_000, 0, Number.MAX_SAFE_INTEGER),
    '50000',
    'what one admin decides on alone within a day, a currency at a time; above it a second one agrees; minor units',
  ),
} as const satisfies Variables;
