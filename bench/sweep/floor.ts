import type { DatabaseWithSql } from '../../sandbox/database.ts';

const CONCURRENCY = 10;

/**
 * The least that anyone could do: one scan of what is pending, and a read at the PSP for each row, as many at a time as
 * the sweep does. Rows a second.
 */
export async function bareReads(
  { sql }: DatabaseWithSql,
  psp: { url: string; apiKey: string },
): Promise<number> {
  const startedMs = performance.now();
  const orders = await sql<{ id: string }[]>`SELECT id FROM orders WHERE status = 'pending'`;
  const refunds = await sql<{ id: string }[]>`SELECT id FROM refunds WHERE status = 'pending'`;
  const paths = [...orders.map(({ id }) => `/payments/${id}`), ...refunds.map(({ id }) => `/refunds/${id}`)];
  const queue = paths.values();
  const reader = async () => {
    for (const path of queue) {
      const answer = await fetch(`${psp.url}${path}?force_sync=false`, {
        headers: { 'api-key': psp.apiKey },
      });
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, reader));
  return paths.length / ((performance.now() - startedMs) / 1_000);
}
