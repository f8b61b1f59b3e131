import { type SQL, sql } from 'drizzle-orm';
import { leftOf, PERSONAL_TABLES, waysTo } from '../schema/personal.ts';
import { type Invariant, type Violation, violations } from './invariant.ts';

type PersonalTable = (typeof PERSONAL_TABLES)[number];

/** Who is erased, and since when their rows are gone. */
const PEOPLE = sql`(
  SELECT users.id AS person_id,
         max(coalesce((erasing.steps -> 'rows' ->> 'doneAt')::timestamptz, erasing.erased_at)) AS gone_at
  FROM users LEFT JOIN account_deletions AS erasing ON erasing.user_id = users.id AND erasing.status = 'erased'
  WHERE users.status = 'erased' GROUP BY users.id) AS person`;

export const erasedAccounts: Invariant = {
  number: 13,
  title: 'of an erased account nothing is left but pseudonyms and what the law keeps',
  async check(tx) {
    const people = await tx.execute(sql`SELECT 1 FROM users WHERE status = 'erased' LIMIT 1`);
    if (people.length === 0) return [];
    const found: Violation[] = [];
    for (const of of PERSONAL_TABLES)
      for (const query of whatIsLeft(of)) found.push(...(await violations(tx, query)));
    return found;
  },
};

/** A query for each way to a person's rows. Of what is masked, where its table says when. */
function whatIsLeft(of: PersonalTable): readonly SQL[] {
  const left = of.delete ? sql`true` : leftOf(of);
  if (left === null) return [];
  // Money may still move, as by a dispute; what is written then names ids alone.
  const isOld = of.since === undefined ? sql`` : sql` AND ${sql.identifier(of.since)} <= person.gone_at`;
  // For each person on their own, so that each way is read by its index.
  return waysTo(of, sql`person.person_id`).map(
    (way) => sql`
      SELECT 'account/' || person.person_id AS subject,
             format('%s rows of it in %s are not erased', theirs.count, ${of.table}::text) AS detail
      FROM ${PEOPLE} CROSS JOIN LATERAL (
        SELECT count(*) FROM ${sql.identifier(of.table)} WHERE (${way}) AND ${left}${isOld}) AS theirs
      WHERE theirs.count > 0`,
  );
}
