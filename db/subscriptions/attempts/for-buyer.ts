import { sql } from 'drizzle-orm';
import type { Tx } from '../../client.ts';
import type { Invoice, InvoicePayment } from '../invoices/schema.ts';
import { dropAttempt } from './drop.ts';
import { attemptId, lockLastAttempt, openAttempt } from './open.ts';
import { transitionAttempt } from './transition.ts';

/** A client secret that dies sooner is of no use to a buyer who types a card number. */
const SECRET_LEFT_MS = 60_000;

/**
 * The payment by which a buyer who is there pays an open invoice that is locked: the one that waits for them, or the next.
 * Where the secret of the last one has died, its payment is ended at the PSP first, and `openWantedAttempt` writes the
 * next once that is known. Null where a card is being charged without them.
 */
export async function attemptForBuyer(tx: Tx, invoice: Invoice): Promise<string | null> {
  const last = await lockLastAttempt(tx, invoice.id);
  if (last?.status !== 'pending') return (await openAttempt(tx, invoice, { onSession: true })).id;
  if (!last.onSession) return null;
  if (last.endRequestedAt === null && (await isSecretAlive(tx, last))) return last.id;
  if (!last.buyerAsksAgain) {
    const dropped = await dropAttempt(tx, last);
    await transitionAttempt(tx, dropped, dropped.status, { buyerAsksAgain: true });
  }
  return attemptId(invoice.id, last.attempt + 1);
}

/** Writes the attempt that a buyer asked for while the one before was ended for it; undefined where nobody did. */
export async function openWantedAttempt(tx: Tx, invoice: Invoice): Promise<InvoicePayment | undefined> {
  const last = await lockLastAttempt(tx, invoice.id);
  const isWanted = last?.status === 'failed' && last.buyerAsksAgain && invoice.status === 'open';
  return isWanted ? openAttempt(tx, invoice, { onSession: true }) : undefined;
}

async function isSecretAlive(tx: Tx, { clientSecretExpiresAt }: InvoicePayment): Promise<boolean> {
  // The PSP was not asked yet: the secret is still to come.
  if (clientSecretExpiresAt === null) return true;
  const [row] = await tx.execute<{ left_ms: number }>(
    sql`SELECT (extract(epoch FROM ${clientSecretExpiresAt.toISOString()}::timestamptz - clock_timestamp()) * 1000)::float8 AS left_ms`,
  );
  return row !== undefined && row.left_ms > SECRET_LEFT_MS;
}
