import { health } from './health.ts';
import { ready } from './ready.ts';

/** Routes for those who run the process. */
export const SERVICE_ROUTES = [health, ready] as const;
