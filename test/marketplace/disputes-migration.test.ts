import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OldDatabase, openBefore } from '../harness/old-database.ts';

let old: OldDatabase;
beforeAll(async () => {
  old = await openBefore('disputes_that_turn');
});
afterAll(() => old.close());

test('a database with disputes from before: what a lost one took is its own, with its words', async () => {
  const { sql } = old;
  const [buyerId, orderId] = [uuidv7(), uuidv7()];
  await sql`INSERT INTO users (id, email, role) VALUES (${buyerId}, 'a@b.example', 'user')`;
  await sql`INSERT INTO orders (id, buyer_id, total_minor, captured_minor, captured_currency, currency, status)
    VALUES (${orderId}, ${buyerId}, 900, 900, 'EUR', 'EUR', 'completed')`;
  const disputes = [
    ['dp_open', 100, 'open', null],
    ['dp_won', 100, 'won', '2024-01-02'],
    // The row kept the first word's amount, the refund has what was lost.
    ['dp_first', 100, 'lost', '2024-01-03T10:00:00.000Z'],
    ['dp_second', 300, 'lost', '2024-01-04T10:00:00.000Z'],
    ['dp_unbooked', 50, 'lost', '2024-01-05'],
  ] as const;
  for (const [id, amount, status, closedAt] of disputes) {
    await sql`INSERT INTO disputes (id, order_id, provider_dispute_id, amount_minor, status, opened_at, closed_at)
      VALUES (${uuidv7()}, ${orderId}, ${id}, ${amount}, ${status}, '2024-01-01', ${closedAt})`;
  }
  for (const [amount, at] of [
    [150, '2024-01-03T10:00:00.002Z'],
    [300, '2024-01-04T10:00:00.001Z'],
  ] as const) {
    await sql`INSERT INTO refunds (id, order_id, kind, amount_minor, currency, status, succeeded_at)
      VALUES (${uuidv7()}, ${orderId}, 'dispute', ${amount}, 'EUR', 'succeeded', ${at})`;
  }
  await old.migrate();
  const rows = await sql`
    SELECT provider_dispute_id AS id, amount_minor::int AS amount, currency, stage, unbooked_why AS why,
      (SELECT sum(amount_minor)::int FROM refunds WHERE dispute_id = disputes.id) AS took,
      (SELECT array_agg(said ORDER BY id) FROM dispute_words WHERE dispute_id = disputes.id) AS words
    FROM disputes ORDER BY opened_at, provider_dispute_id`;
  const known = { currency: 'EUR', stage: 'dispute', why: null, took: null };
  expect(rows).toEqual([
    { ...known, id: 'dp_first', amount: 150, took: 150, words: ['open', 'lost'] },
    { ...known, id: 'dp_open', amount: 100, words: ['open'] },
    { ...known, id: 'dp_second', amount: 300, took: 300, words: ['open', 'lost'] },
    { ...known, id: 'dp_unbooked', amount: 50, why: 'not_our_money', words: ['open', 'lost'] },
    { ...known, id: 'dp_won', amount: 100, words: ['open', 'won'] },
  ]);
  await expect(sql`DELETE FROM dispute_words`).rejects.toThrow('append-only');
});
