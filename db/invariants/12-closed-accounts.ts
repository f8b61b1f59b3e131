import { sql } from 'drizzle-orm';
import { type Invariant, violations } from './invariant.ts';

export const closedAccounts: Invariant = {
  number: 12,
  title:
    'an account that is closed, erasing or erased has no live session, one that its person left has no live API key, and a closing one no session from before',
  check: (tx) =>
    violations(
      tx,
      // A sign-in that began before the closing may have waited for it: its session is one of after, by a minute at most.
      sql`
      WITH closed AS (
        SELECT users.id, users.status, leaving.requested_at - interval '1 minute' AS left_at
        FROM users LEFT JOIN account_deletions AS leaving
          ON leaving.user_id = users.id AND leaving.status IN ('scheduled', 'waiting', 'erasing')
        WHERE users.status <> 'active'
      ), live AS (
        SELECT closed.id, 'session' AS what FROM closed JOIN sessions ON sessions.user_id = closed.id
        WHERE sessions.ended_at IS NULL AND sessions.expires_at > now()
          AND (closed.status <> 'closing' OR sessions.created_at < closed.left_at)
        UNION ALL
        SELECT closed.id, 'API key' FROM closed JOIN api_keys ON api_keys.user_id = closed.id
        WHERE closed.status <> 'disabled' AND api_keys.revoked_at IS NULL
          AND (api_keys.expires_at IS NULL OR api_keys.expires_at > now())
      )
      SELECT 'account/' || closed.id AS subject,
             format('it is %s and has a live %s, %s in all', closed.status, live.what, count(*)) AS detail
      FROM live JOIN closed USING (id) GROUP BY closed.id, closed.status, live.what`,
    ),
};
