import { setTimeout as sleep } from 'node:timers/promises';
import type { Veza } from '../cli/veza.ts';
import type { DatabaseWithSql } from '../database.ts';
import { type Bought, insistAs } from './buyers.ts';
import type { Person } from '../people.ts';

const CLOSED_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 500;

/**
 * Everybody cancels, and again where a subscription comes back meanwhile, so that no renewal is charged any more: books
 * that are compared must be at rest. Returns how many are still renewed after so long.
 */
export async function closeAll(
  { sql }: Pick<DatabaseWithSql, 'sql'>,
  of: { readonly veza: Pick<Veza, 'apiUrl'>; readonly bought: Bought },
  people: readonly Person[],
): Promise<number> {
  const tokens = new Map(people.map(({ id, token }) => [id, token]));
  for (const endsAtMs = Date.now() + CLOSED_WITHIN_MS; ;) {
    const open = await sql<{ user_id: string }[]>`
      SELECT user_id FROM subscriptions
      WHERE status IN ('pending_payment', 'past_due') OR (status IN ('active', 'trialing') AND cancel_requested_at IS NULL)`;
    if (open.length === 0 || Date.now() > endsAtMs) return open.length;
    for (const { user_id: userId } of open) {
      const token = tokens.get(userId);
      if (token === undefined) throw new Error(`subscriber ${userId} is none of the script's`);
      const { status, body } = await insistAs(token, of)('POST', '/subscriptions/cancel', {});
      // It may have ended, or been refused, since it was read.
      if (status >= 500 || status === 422)
        throw new Error(`a cancellation was answered ${status}: ${JSON.stringify(body)}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}
