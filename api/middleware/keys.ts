import { createHmac } from 'node:crypto';
import type { ApiConfig } from '../context.ts';

/** What keys of their own are made for: one that leaks opens nothing of the others. */
type Purpose = 'limits' | 'refresh tokens' | 'known browsers';

/** A key of one purpose, from the secret that all API processes have. */
export const keyFor = (
  config: Pick<ApiConfig, 'JWT_SECRET' | 'HYPERSWITCH_WEBHOOK_SECRET'>,
  purpose: Purpose,
): Buffer =>
  createHmac('sha256', config.JWT_SECRET ?? config.HYPERSWITCH_WEBHOOK_SECRET.join())
    .update(`veza ${purpose}`)
    .digest();
