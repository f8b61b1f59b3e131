import type { Caller } from './roles.ts';

export const API_KEY_SCOPES = ['read', 'write', 'admin'] as const;
export type ApiKeyScope = (typeof API_KEY_SCOPES)[number];

/** What a call counts as: it picks the scope that is needed and the limit that it is held against. */
export const CALL_KINDS = ['read', 'write'] as const;
export type CallKind = (typeof CALL_KINDS)[number];

/** Calls an hour and key, unless the key says otherwise. */
export const READS_PER_HOUR = 1000;
export const WRITES_PER_HOUR = 200;
/** The most that a key may say. */
export const CALLS_PER_HOUR_MAX = 1_000_000;
export const API_KEY_NAME_MAX_CHARS = 100;

export const callKindOf = (method: string): CallKind =>
  ['GET', 'HEAD', 'OPTIONS'].includes(method.toUpperCase()) ? 'read' : 'write';

/** `admin` is enough for everything; `write` does not read. */
export const mayCall = (scopes: readonly ApiKeyScope[], kind: CallKind) =>
  scopes.includes(kind) || scopes.includes('admin');

/** A key acts as its user, but for an admin's: without the scope `admin` it has none of an admin's power. */
export const callerByKey = ({ userId, role }: Caller, scopes: readonly ApiKeyScope[]): Caller => ({
  userId,
  role: role === 'admin' && !scopes.includes('admin') ? 'user' : role,
});
