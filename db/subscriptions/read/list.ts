import { and, eq } from 'drizzle-orm';
import type { SubscriptionStatus } from '../../../domain/subscriptions/subscription-machine.ts';
import type { Db } from '../../client.ts';
import { keyset, type Page, type PageAsk, toPage } from '../../kernel/index.ts';
import { subscriptions } from '../schema.ts';
import { type GateTerms, readStandingsOf, type Standing } from './standing.ts';

export interface SubscriptionFilter {
  readonly userId?: string | undefined;
  readonly status?: SubscriptionStatus | undefined;
}

/** All subscriptions, dead ones too, for admins. */
export async function listSubscriptions(
  db: Db,
  { userId, status }: SubscriptionFilter,
  ask: PageAsk,
  terms: GateTerms,
): Promise<Page<Standing>> {
  const { after, orderBy, limit } = keyset(subscriptions, subscriptions.createdAt, subscriptions.id, ask);
  const found = await db
    .select({ id: subscriptions.id })
    .from(subscriptions)
    .where(
      and(
        userId === undefined ? undefined : eq(subscriptions.userId, userId),
        status === undefined ? undefined : eq(subscriptions.status, status),
        after,
      ),
    )
    .orderBy(...orderBy)
    .limit(limit);
  const page = toPage(found, ask);
  const ids = page.rows.map(({ id }) => id);
  const standings = new Map(
    (await readStandingsOf(db, ids, terms)).map((standing) => [standing.subscription.id, standing]),
  );
  return { ...page, rows: ids.flatMap((id) => standings.get(id) ?? []) };
}
