import { z } from 'zod';
import { flag } from './schemas.ts';
import { variable, type Variables } from './variable.ts';

/** Who operates, and how. */
export const OPERATORS_VARIABLES = {
  MAINTENANCE_MODE: variable(
    flag('false'),
    'false',
    'whether this API process starts under maintenance, until an admin switches it',
  ),
  OPS_ACTOR: variable(
    z.uuid('the id (UUID) of an admin').toLowerCase().optional(),
    '',
    'id of the admin who acts when `npm run ops` is called without --actor',
  ),
} as const satisfies Variables;
