import { asOrdinaryUser, type Caller } from './roles.ts';

export const API_KEY_SCOPES = ['read', 'write', 'admin'] as const;
export type ApiKeyScope = (typeof API_KEY_SCOPES)[number];

/** A call's kind decides which scope the key needs and which hourly limit the call counts against. */
export const CALL_KINDS = ['read', 'write'] as const;
export type CallKind = (typeof CALL_KINDS)[number];

/** Calls of one key in an hour, unless the key has limits of its own. */
export const READS_PER_HOUR = 1000;
export const WRITES_PER_HOUR = 200;
/** The highest limit that a key may have. */
export const CALLS_PER_HOUR_MAX = 1_000_000;
/** Of one's own, each with limits of its own, that work at a time. */
export const OWN_API_KEYS_MAX = 20;
export const API_KEY_NAME_MAX_CHARS = 100;

export const callKindOf = (method: string): CallKind =>
  ['GET', 'HEAD', 'OPTIONS'].includes(method.toUpperCase()) ? 'read' : 'write';

/** `admin` allows everything; `write` does not allow reading. */
export const mayCall = (scopes: readonly ApiKeyScope[], kind: CallKind) =>
  scopes.includes(kind) || scopes.includes('admin');

/** A key acts as its user. An admin's key without the scope `admin` acts as an ordinary user. */
export const callerByKey = (caller: Caller, scopes: readonly ApiKeyScope[]): Caller =>
  scopes.includes('admin') ? caller : asOrdinaryUser(caller);
