import type { Context } from 'hono';
import { FAULT_TEXTS, passwordFault } from '../../domain/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';

/** The hash of a password that may become that of an address. Throws `password_refused`, which says why, and `overloaded`. */
export async function acceptPassword(
  c: Context<ApiEnv>,
  { password, email }: { readonly password: string; readonly email: string },
): Promise<string> {
  const { passwords, isBreached } = c.var.deps;
  const fault = passwordFault(password, email) ?? ((await isBreached(password)) ? 'breached' : null);
  if (fault !== null) throw new VezaError('password_refused', FAULT_TEXTS[fault], { reason: fault });
  return passwords.hash(password);
}
