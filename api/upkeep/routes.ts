import { upkeep } from './upkeep.ts';

/** In the order of the reference page. */
export const UPKEEP_ROUTES = [upkeep] as const;
