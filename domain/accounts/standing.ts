import type { Role } from './roles.ts';
import type { AuthenticationMethod, SessionKind } from './sessions.ts';
import type { UserStatus } from './user-machine.ts';

/** How somebody and their session stand now: each request reads it, whatever the token says. Times are milliseconds since the epoch. */
export interface Standing {
  readonly role: Role;
  readonly status: UserStatus;
  /** Null: the token is an identity provider's, who keeps the sessions. */
  readonly session: {
    readonly id: string;
    readonly kind: SessionKind;
    readonly amr: readonly AuthenticationMethod[];
    readonly authenticatedAtMs: number;
    readonly expiresAtMs: number;
    readonly isEnded: boolean;
  } | null;
}

/** Why a request is not let in. `nowMs` is the database's clock. */
export function whyNotLetIn({ status, session }: Standing, nowMs: number) {
  if (session !== null && (session.isEnded || nowMs >= session.expiresAtMs)) {
    return { code: 'session_ended', detail: 'The session has ended: sign in again.' } as const;
  }
  if (status === 'disabled') {
    return { code: 'account_disabled', detail: 'The account was disabled; ask the support.' } as const;
  }
  if (status === 'closing') {
    return { code: 'account_closing', detail: 'The account is being closed.' } as const;
  }
  if (status !== 'active') {
    return { code: 'unauthenticated', detail: 'The account was closed.' } as const;
  }
  return null;
}
