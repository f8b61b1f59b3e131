import { sql } from 'drizzle-orm';
import { ENDED_SESSIONS_KEPT_MS } from '../../../domain/accounts/index.ts';
import { HAS_ADDRESS, type RowsOver } from '../../kernel/index.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** No count is of more than a day: after that its row says nothing any more. */
const COUNTS_KEPT_MS = DAY_MS;

const sessionOver = sql`least(ended_at, expires_at)`;

/** Accounts that somebody registered here so long ago, and that nobody confirmed. */
export const unconfirmedAccounts = (ttlMs: number): RowsOver => ({
  table: 'users',
  key: ['id', 'uuid'],
  overAt: sql`registered_at`,
  keptForMs: ttlMs,
  and: sql`registered_at IS NOT NULL AND NOT is_verified AND status = 'active'`,
});

/** Sessions that are over, and still have refresh tokens. Those are not kept: none is taken for such a session. */
export const SESSIONS_WITH_TOKENS: RowsOver = {
  table: 'sessions',
  key: ['id', 'uuid'],
  overAt: sessionOver,
  keptForMs: 0,
  and: sql`kind = 'token' AND tokens_removed_at IS NULL`,
};

/** Sessions that were opened so long ago, on whichever device. */
export const sessionAddressesOver = (retentionMs: number): RowsOver => ({
  table: 'sessions',
  key: ['id', 'uuid'],
  overAt: sql`created_at`,
  keptForMs: retentionMs,
  and: HAS_ADDRESS,
});

/** What may simply be removed, table by table. */
export const ROWS_OVER: readonly RowsOver[] = [
  {
    table: 'account_tokens',
    key: ['id', 'uuid'],
    overAt: sql`expires_at`,
    keptForMs: 0,
    // An invitation says that its admin never came: see refuseLastAdmin.
    and: sql`purpose <> 'invitation'`,
  },
  { table: 'oauth_states', key: ['state_hash', 'text'], overAt: sql`expires_at`, keptForMs: 0 },
  { table: 'oauth_codes', key: ['code_hash', 'text'], overAt: sql`expires_at`, keptForMs: 0 },
  { table: 'two_factor_challenges', key: ['id', 'uuid'], overAt: sql`expires_at`, keptForMs: 0 },
  { table: 'sessions', key: ['id', 'uuid'], overAt: sessionOver, keptForMs: ENDED_SESSIONS_KEPT_MS },
  {
    table: 'auth_failures',
    key: ['scope', 'text'],
    overAt: sql`since`,
    keptForMs: COUNTS_KEPT_MS,
    and: sql`(blocked_until IS NULL OR blocked_until <= clock_timestamp())`,
  },
  { table: 'client_usage', key: ['scope', 'text'], overAt: sql`since`, keptForMs: COUNTS_KEPT_MS },
  { table: 'bearer_usage', key: ['user_id', 'uuid'], overAt: sql`minute`, keptForMs: COUNTS_KEPT_MS },
];
