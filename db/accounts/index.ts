export { type ApiKeyRow, listApiKeys, readKeyByPrefix } from './api-keys.ts';
export { assertAdmin, lockRoles, refuseNoAdmin } from './assert-admin.ts';
export { type ApiKeyToKeep, createApiKey, type NewApiKey } from './create-api-key.ts';
export { isKeyOf, makeKey, prefixOf } from './key-text.ts';
export { revokeApiKey } from './revoke-api-key.ts';
export { users } from './schema.ts';
export { readStanding } from './standing.ts';
export { takeBearerCall, takeCall } from './take-call.ts';
export { asCaller, readCaller, readUserRole } from './users.ts';
