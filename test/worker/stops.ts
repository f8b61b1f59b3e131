import { expect } from 'vitest';
import { eventually } from '../harness/wait.ts';
import type { World } from '../harness/world.ts';

/**
 * Where a transaction of an order's story can be held up, by what it writes:
 * - `in`: in the middle; its connection goes with the worker that is killed, and nothing of it is left
 * - `at`: at its commit, which the database still carries out when the worker that asked for it is dead
 *
 * Rows are named by table, order and what the row becomes: `in refunds … pending`, `at refunds … pending adopted`.
 */
export type Stop = `${'in' | 'at'} ${'orders' | 'refunds'} ${string}`;

export interface Stops {
  /** The next transaction that comes there waits. */
  hold(stop: Stop): Promise<void>;
  /** Resolves once a transaction waits there. */
  reached(stop: Stop): Promise<void>;
  /** After the worker's death: what was in the middle is rolled back, what was at its commit is committed. */
  settleAll(): Promise<void>;
  close(): Promise<void>;
}

const INSTALL = `
CREATE FUNCTION stop_there() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  row_is text := CASE TG_TABLE_NAME
    WHEN 'orders' THEN concat_ws(' ', to_jsonb(NEW) ->> 'id', NEW.status,
      CASE WHEN NEW.status = 'pending' AND to_jsonb(NEW) ->> 'payment_status' IS NOT NULL THEN 'answered' END)
    ELSE concat_ws(' ', to_jsonb(NEW) ->> 'order_id', NEW.status,
      CASE WHEN NEW.status = 'pending' AND to_jsonb(NEW) ->> 'hyperswitch_refund_id' IS NOT NULL THEN 'adopted' END)
  END;
BEGIN
  -- Shared: transactions pass each other, and wait for the test alone.
  PERFORM pg_advisory_xact_lock_shared(hashtextextended(concat_ws(' ', TG_ARGV[0], TG_TABLE_NAME, row_is), 0));
  RETURN NULL;
END $$;
CREATE TRIGGER stop_in AFTER INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION stop_there('in');
CREATE TRIGGER stop_in AFTER INSERT OR UPDATE ON refunds FOR EACH ROW EXECUTE FUNCTION stop_there('in');
CREATE CONSTRAINT TRIGGER stop_at AFTER INSERT OR UPDATE ON orders DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION stop_there('at');
CREATE CONSTRAINT TRIGGER stop_at AFTER INSERT OR UPDATE ON refunds DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION stop_there('at');`;

/** Puts the stops into this world's own database. */
export async function installStops(world: World): Promise<Stops> {
  const { sql } = world.database;
  await sql.unsafe(INSTALL);
  // Locks belong to a session: all are taken and given back by this one.
  const session = await sql.reserve();
  const held: Stop[] = [];
  return {
    hold: async (stop) => {
      held.push(stop);
      await session`SELECT pg_advisory_lock(hashtextextended(${stop}, 0))`;
    },
    reached: (stop) =>
      eventually(async () => {
        const waiting = await sql`
          SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
            AND (classid::bigint << 32 | objid::bigint) = hashtextextended(${stop}, 0)`;
        expect(waiting, stop).toHaveLength(1);
      }),
    settleAll: async () => {
      const inside = held.filter((stop) => stop.startsWith('in '));
      // Also of a single statement, which would go on to its commit by itself.
      await sql`
        SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
          AND (classid::bigint << 32 | objid::bigint) IN (SELECT hashtextextended(stop, 0) FROM unnest(${inside}::text[]) AS stop)`;
      await session`SELECT pg_advisory_unlock_all()`;
    },
    close: async () => {
      await session`SELECT pg_advisory_unlock_all()`;
      session.release();
    },
  };
}
