import type { Context } from 'hono';
import { FRESH_SIGN_IN_MS, identityOf } from '../../domain/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { proveSecondFactor, readOwnUser, reauthenticate } from '../accounts/index.ts';
import type { ApiEnv } from '../context.ts';

/**
 * Whoever leaves proves who they are, by all that guards the account: password, and code where the second factor is on. Where an
 * identity provider keeps the accounts, its token says when they last did, or it is for the provider to ask. Throws
 * `reauthentication_required`, `two_factor_required`, and as `reauthenticate` and `proveSecondFactor` do.
 */
export async function proveLeaving(
  c: Context<ApiEnv>,
  { password, code }: { readonly password?: string | undefined; readonly code?: string | undefined },
): Promise<void> {
  const { provedAtMs, deps } = c.var;
  if (identityOf(deps.config) === 'external') {
    if (provedAtMs !== undefined && deps.now().getTime() - provedAtMs > FRESH_SIGN_IN_MS)
      throw new VezaError(
        'reauthentication_required',
        'Sign in again: that must not be longer ago than ten minutes.',
      );
    return;
  }
  const user = await readOwnUser(c);
  await reauthenticate(c, user, password);
  if (!user.isTwoFactorEnabled) return;
  if (code === undefined)
    throw new VezaError('two_factor_required', 'Send a code of your second factor too.');
  await proveSecondFactor(c, user.id, code);
}
