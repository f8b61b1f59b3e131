import type { ApplicationFailure } from '@temporalio/activity';
import { raiseFlag } from '../../db/kernel/index.ts';
import type { PspFailure } from '../../providers/hyperswitch/outcomes.ts';
import type { MarketplaceDeps } from './deps.ts';
import { retryLater } from '../kernel/index.ts';

/**
 * The error to throw where an object at the PSP could not be read, so that it is read again. Raises a flag where our
 * key is the reason.
 */
export async function unread(
  {
    db,
    settings,
  }: Pick<MarketplaceDeps, 'db'> & { readonly settings: Pick<MarketplaceDeps['settings'], 'psp'> },
  found: PspFailure,
  what: 'payment' | 'refund' | 'dispute',
): Promise<ApplicationFailure> {
  if (found.kind !== 'unauthorized') {
    return retryLater('psp_unknown_outcome', `the ${what} could not be read`, settings.psp);
  }
  await raiseFlag(db, 'psp_refuses_our_key', 'hyperswitch', found.message);
  return retryLater('psp_refuses_our_key', 'the PSP refuses our key', settings.psp);
}
