import { listDeletions } from './list-deletions.ts';

/** In the order of the reference page. */
export const PRIVACY_ROUTES = [listDeletions] as const;
