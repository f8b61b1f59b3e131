import { health } from './health.ts';
import { ready } from './ready.ts';

/** For whoever runs the process. */
export const SERVICE_ROUTES = [health, ready] as const;
