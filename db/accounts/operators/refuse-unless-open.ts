import { VezaError } from '../../../domain/errors.ts';
import type { Account } from '../lock-account.ts';

/** Throws `account_closing` where somebody is leaving or has left. */
export function refuseClosing({ status }: Account): void {
  if (status === 'active' || status === 'disabled') return;
  throw new VezaError('account_closing', 'Its person is leaving, or has left.');
}

/** Throws `account_disabled` and `account_closing`. */
export function refuseUnlessOpen(account: Account): void {
  refuseClosing(account);
  if (account.status === 'disabled') throw new VezaError('account_disabled', 'The account is disabled.');
}
