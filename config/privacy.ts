import { duration } from './schemas.ts';
import { variable, type Variables } from './variable.ts';

/** People's copies of what is held on them, and their leaving. */
export const PRIVACY_VARIABLES = {
  ERASING_PROVIDER_WAIT: variable(
    duration('7d'),
    '7d',
    'how long an erasing waits for a provider of sign-ins that is away, before it goes on without it and raises a flag',
  ),
} as const satisfies Variables;
