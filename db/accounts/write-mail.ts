import { v7 as uuidv7 } from 'uuid';
import type { MailKind } from '../../domain/mails.ts';
import type { Tx } from '../client.ts';
import { type MailParams, mails } from './schema.ts';

/** Writes a mail in the transaction of what it tells of; one of this kind and subject is there already or not at all. */
export async function writeMail(
  tx: Tx,
  mail: {
    readonly userId: string;
    readonly kind: MailKind;
    readonly subject: string;
    readonly params: MailParams;
  },
): Promise<void> {
  await tx
    .insert(mails)
    .values({ id: uuidv7(), ...mail })
    .onConflictDoNothing();
}
