import { integer } from './schemas.ts';
import { variable, type Variables } from './variable.ts';

/** A second admin. */
export const APPROVALS_VARIABLES = {
  FOUR_EYES_ABOVE_MINOR: variable(
    integer(50_000, 0, Number.MAX_SAFE_INTEGER),
    '50000',
    'the most that one admin may decide alone within a day, in each currency; above it a second admin has to agree; minor units',
  ),
} as const satisfies Variables;
