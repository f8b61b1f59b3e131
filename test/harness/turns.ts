import postgres from 'postgres';
import { inject } from 'vitest';

// A backfill and a drain are one a namespace, and all suites share one. Those that start them take turns.

/** What only one suite at a time may do. */
export type Turn = 'backfill' | 'drain';

/** How long a hook may wait for its turn: all files of the others, while eight share two cores. */
export const TURN_TIMEOUT_MS = 480_000;

/** Waits until no other suite has the turn. Returns what ends it; it ends with the process as well. */
export async function takeTurn(turn: Turn): Promise<() => Promise<void>> {
  const sql = postgres(inject('postgresUrl'), { max: 1, onnotice: () => undefined });
  await sql`SELECT pg_advisory_lock(hashtext(${turn}))`;
  return () => sql.end();
}
