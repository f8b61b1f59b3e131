import { createApiKey } from './create-api-key.ts';
import { endOtherSessions } from './end-other-sessions.ts';
import { endSession } from './end-session.ts';
import { listApiKeys } from './list-api-keys.ts';
import { listSessions } from './list-sessions.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { readMe } from './read-me.ts';
import { readSession } from './read-session.ts';
import { refresh } from './refresh.ts';
import { revokeApiKey } from './revoke-api-key.ts';

/** In the order of the reference page. */
export const ACCOUNTS_ROUTES = [
  ...[login, refresh, logout, readSession, readMe, listSessions, endSession, endOtherSessions],
  ...[createApiKey, listApiKeys, revokeApiKey],
] as const;
