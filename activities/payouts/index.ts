export type { PayoutDeps } from './deps.ts';
