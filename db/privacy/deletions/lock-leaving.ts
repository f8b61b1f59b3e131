import { VezaError } from '../../../domain/errors.ts';
import { lockAccount } from '../../accounts/index.ts';
import type { Tx } from '../../client.ts';
import { lockNamed } from '../../kernel/index.ts';
import type { AccountDeletion } from '../schema.ts';
import { lockOpenDeletion } from './open-deletion.ts';

/**
 * Locks a person and the deletion that an operator may still change. Throws `user_not_found`, `deletion_not_found`, and
 * `deletion_final` where the erasing has begun.
 */
export async function lockLeaving(tx: Tx, userId: string): Promise<AccountDeletion> {
  await lockNamed(tx, 'user', userId, lockAccount);
  const open = await lockOpenDeletion(tx, userId);
  if (open === null) throw new VezaError('deletion_not_found', 'The account is not being closed.');
  if (open.status === 'erasing') throw new VezaError('deletion_final', 'The erasing has begun.');
  return open;
}
