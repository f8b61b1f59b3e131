import { createApiKey } from './create-api-key.ts';
import { listApiKeys } from './list-api-keys.ts';
import { revokeApiKey } from './revoke-api-key.ts';

/** In the order of the reference page. */
export const ACCOUNTS_ROUTES = [createApiKey, listApiKeys, revokeApiKey] as const;
