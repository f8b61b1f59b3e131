import { sql } from 'drizzle-orm';
import type { Money } from '../../domain/kernel/index.ts';
import type { Tx } from '../client.ts';
import { decisions } from './schema.ts';

/** A piece of money that an admin decides on. The same action on the same subject again is the same piece. */
export interface Piece {
  readonly action: string;
  readonly subject: string;
  readonly money: Money;
}

/**
 * The sums of an admin's own decisions in the last 24 hours, with these pieces, in each of their currencies. Binding
 * only under `assertAdmin`, whose lock lets one admin decide one thing at a time.
 */
export async function decidedWith(tx: Tx, actor: string, pieces: readonly Piece[]): Promise<Money[]> {
  if (pieces.length === 0) return [];
  const given = pieces.map(({ action, subject, money }) => ({ action, subject, ...money }));
  const rows = await tx.execute<{ currency: string; minor: string }>(sql`
    WITH given AS (
      SELECT action, subject, currency, "amountMinor" AS amount_minor
      FROM jsonb_to_recordset(${JSON.stringify(given)}::jsonb)
        AS piece(action text, subject text, currency text, "amountMinor" bigint)
    )
    SELECT currency, sum(most) AS minor FROM (
      SELECT currency, max(amount_minor) AS most FROM (
        SELECT * FROM given
        UNION ALL
        SELECT action, subject, currency, amount_minor FROM ${decisions}
        WHERE actor = ${actor} AND at > now() - interval '24 hours'
          AND currency IN (SELECT currency FROM given)
      ) AS piece
      GROUP BY action, subject, currency
    ) AS counted
    GROUP BY currency`);
  return rows.map(({ currency, minor }) => ({ currency, amountMinor: Number(minor) }));
}

/** Records what an admin decided on alone, in the transaction that does it. */
export async function recordDecisions(tx: Tx, actor: string, pieces: readonly Piece[]): Promise<void> {
  if (pieces.length === 0) return;
  await tx
    .insert(decisions)
    .values(pieces.map(({ action, subject, money }) => ({ actor, action, subject, ...money })));
}
