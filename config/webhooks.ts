import { duration } from './schemas.ts';
import { variable, type Variables } from './variable.ts';

/** How long webhooks are kept. */
export const WEBHOOKS_VARIABLES = {
  WEBHOOK_BODY_RETENTION: variable(
    duration('90d'),
    '90d',
    'how long the body of a webhook is kept after it was processed; a sweep of all phases deletes it',
  ),
} as const satisfies Variables;
