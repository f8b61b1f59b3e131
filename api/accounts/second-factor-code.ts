import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  type CodeHashes,
  newBackupCodes,
  proveSecondFactor as proveSecondFactorVerb,
  type ProvedBy,
} from '../../db/accounts/index.ts';
import type { ApiEnv } from '../context.ts';
import { fromOf } from '../kernel/index.ts';
import { countingFailures } from './count-failure.ts';
import { Password } from './fields-view.ts';
import { tooMany } from './prove-password.ts';
import { REAUTHENTICATED } from './reauthenticate.ts';

export const Code = z
  .string()
  .min(1)
  .max(20)
  .openapi({ description: 'Six digits of the app, or a backup code', example: '123456' });

export const BackupCodes = z.object({
  backup_codes: z.array(z.string()).openapi({
    description: 'Ten, each good once. Shown this once',
    example: ['01-7KQ2M-XW4HP'],
  }),
});

/** What a route answers that has its caller prove who they are by both factors. */
export const PROVED_BY_BOTH = [...REAUTHENTICATED, 'two_factor_invalid', 'two_factor_is_off'] as const;

export const BothFactors = z.strictObject({ password: Password.optional(), code: Code });

/** Throws as the verb does, and `too_many_attempts` while the second factor is stopped. */
export const proveSecondFactor = (c: Context<ApiEnv>, userId: string, code: string): Promise<ProvedBy> =>
  countingFailures(c, async () => {
    const given = { userId, code, atMs: c.var.deps.now().getTime() };
    const proved = await proveSecondFactorVerb(c.var.deps, given, fromOf(c));
    if (typeof proved === 'object') throw tooMany(c, proved.waitS);
    return proved;
  });

/** Ten codes to show once, and the hashes to keep. Throws `overloaded`. */
export async function makeBackupCodes(
  c: Context<ApiEnv>,
): Promise<{ readonly texts: string[]; readonly hashes: CodeHashes }> {
  const codes = newBackupCodes();
  const hashes = await Promise.all(
    codes.map(async ({ number, rest }) => ({ number, codeHash: await c.var.deps.passwords.hash(rest) })),
  );
  return { texts: codes.map(({ text }) => text), hashes };
}
