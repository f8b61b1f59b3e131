import { isSealed, type Sealed } from '../../../domain/kernel/index.ts';
import type { Db, Tx } from '../../client.ts';
import { ringOf } from '../../key-ring.ts';
import { openOf } from '../sealing/person.ts';
import { openUnderRing } from '../sealing/ring.ts';
import type { MailParams, mails } from '../schema.ts';

type Row = Pick<typeof mails.$inferSelect, 'id' | 'userId' | 'recipient' | 'params'>;

/**
 * What a mail says; null where it is emptied, or its person's key was destroyed. What stands plain was written before there
 * were keys. Throws `personal_data_unreadable`.
 */
export async function openParams(db: Db | Tx, mail: Row): Promise<MailParams | null> {
  const { params } = mail;
  if (typeof params !== 'string') return params;
  const text = await open(db, mail, 'params', params);
  return text === null ? null : (JSON.parse(text) as MailParams);
}

/** Where a mail goes, if that was said when it was written; null as for `openParams`. Throws `personal_data_unreadable`. */
export async function openRecipient(db: Db | Tx, mail: Row): Promise<string | null> {
  const { recipient } = mail;
  return recipient === null || !isSealed(recipient) ? null : open(db, mail, 'recipient', recipient);
}

async function open(
  db: Db | Tx,
  { id: rowId, userId }: Row,
  column: 'recipient' | 'params',
  sealed: Sealed,
): Promise<string | null> {
  const place = { table: 'mails', column, rowId };
  return userId === null
    ? openUnderRing(ringOf(db), place, sealed).toString()
    : openOf(db, userId, place, sealed);
}
