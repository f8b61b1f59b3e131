import { duration } from './schemas.ts';
import { variable, type Variables } from './variable.ts';

/** How long webhooks are kept. */
export const WEBHOOKS_VARIABLES = {
  WEBHOOK_BODY_RETENTION: variable(
    duration('90d'),
    '90d',
    'how long the body of a webhook is kept as it came after it was processed; then the upkeep masks it for good',
  ),
} as const satisfies Variables;
