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
    'who acts where `npm run ops` is given no --actor: the id of an admin',
  ),
} as const satisfies Variables;
