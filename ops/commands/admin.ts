import { parseArgs } from 'node:util';
import { z } from 'zod';
import { readVariables } from '../../config.ts';
import { inviteAdmin } from '../../db/accounts/index.ts';
import { identityOf } from '../../domain/accounts/index.ts';
import { looking } from '../operator.ts';
import { CannotRun, UsageError } from '../usage.ts';

/** `admin create --email ADDRESS [--json]`: prints the link by which the new admin chooses a password. */
export async function admin(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { email: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  if (positionals.join(' ') !== 'create') throw new UsageError('admin: expected create');
  const email = z.email().safeParse(values.email?.trim()).data;
  if (email === undefined) throw new UsageError('--email: expected the e-mail address of the new admin');
  const config = readVariables(env, ['APP_URL', 'IDENTITY', 'JWT_JWKS_URL']);
  if (identityOf(config) === 'external')
    throw new CannotRun('an identity provider keeps the accounts: make the admin there (docs/identity.md)');
  const act = { actor: 'system', userAgent: 'npm run ops' };
  const { userId, token, expiresAt } = await looking(env, ({ db }) => inviteAdmin(db, email, act));
  const url = `${config.APP_URL}/reset-password#token=${token}`;
  return values.json
    ? JSON.stringify({ id: userId, url, token, expires_at: expiresAt.toISOString() })
    : `${userId}\n${url}\nThe link is good until ${expiresAt.toISOString()}, once. Then sign in at /ops.`;
}
