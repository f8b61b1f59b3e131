import { and, eq } from 'drizzle-orm';
import type { MailKind } from '../../domain/mails.ts';
import type { Db, Tx } from '../client.ts';
import type { MailRow } from './mails/transition.ts';
import { mails } from './schema.ts';

/** How a mail stands that was written; null: there is none of this kind and subject. */
export async function readMailStatus(
  db: Db | Tx,
  { kind, subject }: { readonly kind: MailKind; readonly subject: string },
): Promise<Pick<MailRow, 'status' | 'queuedAt'> | null> {
  const [mail] = await db
    .select({ status: mails.status, queuedAt: mails.queuedAt })
    .from(mails)
    .where(and(eq(mails.kind, kind), eq(mails.subject, subject)));
  return mail ?? null;
}
