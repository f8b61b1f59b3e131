import { v7 as uuidv7 } from 'uuid';
import { VezaError } from '../../domain/errors.ts';
import type { Sealed } from '../../domain/kernel/index.ts';
import type { MailText } from '../../domain/mails.ts';
import type { Tx } from '../client.ts';
import { ringOf } from '../key-ring.ts';
import type { Place } from './sealing/aead.ts';
import { sealFor } from './sealing/person.ts';
import { sealUnderRing } from './sealing/ring.ts';
import { type MailParams, mails } from './schema.ts';

export type MailToWrite = MailText & {
  /** Whose mail it is, and under whose key it is sealed; null: somebody without an account. */
  readonly userId: string | null;
  /** What it is about. One of this kind and subject is written, however often the verb runs. */
  readonly subject: string;
  /** Where it goes; absent: to the address that its person has when it is sent. */
  readonly recipient?: string;
};

/**
 * Writes a mail in the transaction of what it tells of; one of this kind and subject is there already or not at all. Nothing
 * is written to somebody who has left. Throws `personal_data_unreadable` where an address cannot be sealed.
 */
export async function writeMail(tx: Tx, mail: MailToWrite): Promise<void> {
  const { kind, params, userId, subject, recipient } = mail;
  const id = uuidv7();
  try {
    const to = recipient === undefined ? null : await seal(tx, userId, placeOf(id, 'recipient'), recipient);
    const said = await sealParams(tx, mail, id, params);
    await tx
      .insert(mails)
      .values({ id, kind, userId, subject, recipient: to, params: said })
      .onConflictDoNothing();
  } catch (error) {
    if (!(error instanceof VezaError) || error.code !== 'user_not_found') throw error;
  }
}

const placeOf = (rowId: string, column: 'recipient' | 'params'): Place => ({ table: 'mails', column, rowId });

const seal = (tx: Tx, userId: string | null, place: Place, text: string): Promise<Sealed> | Sealed =>
  userId === null ? sealUnderRing(ringOf(tx), place, text) : sealFor(tx, userId, place, text);

/** Amounts and plans stand plain where there is no key to seal them under: no key is in money's way. */
async function sealParams(
  tx: Tx,
  { userId, recipient }: MailToWrite,
  id: string,
  params: MailParams,
): Promise<MailParams | Sealed> {
  try {
    return await seal(tx, userId, placeOf(id, 'params'), JSON.stringify(params));
  } catch (error) {
    const isUnsealed = error instanceof VezaError && error.code === 'personal_data_unreadable';
    if (!isUnsealed || recipient !== undefined || 'url' in params) throw error;
    return params;
  }
}
