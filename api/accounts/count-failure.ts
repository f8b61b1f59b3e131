import type { Context } from 'hono';
import { isSignInFailure } from '../../domain/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';

/** Has it observed where somebody could not prove who they are. Throws what `prove` throws. */
export async function countingFailures<Proved>(
  c: Context<ApiEnv>,
  prove: () => Promise<Proved>,
): Promise<Proved> {
  try {
    return await prove();
  } catch (error) {
    if (error instanceof VezaError && isSignInFailure(error.code))
      c.var.deps.observer.signInFailed(error.code);
    throw error;
  }
}
