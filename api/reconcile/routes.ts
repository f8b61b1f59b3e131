import { reconcile } from './reconcile.ts';

/** In the order of the reference page. */
export const RECONCILE_ROUTES = [reconcile] as const;
