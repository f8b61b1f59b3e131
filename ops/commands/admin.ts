import { parseArgs } from 'node:util';
import { z } from 'zod';
import { readVariables } from '../../config.ts';
import { inviteAdmin } from '../../db/accounts/index.ts';
import { identityOf } from '../../domain/accounts/index.ts';
import { looking } from '../operator.ts';
import { CannotRun, UsageError } from '../usage.ts';

/**
 * `admin create --email ADDRESS [--json]`: prints the link by which the new admin chooses a password. Where there is a mail server
 * and a key to seal the link under, they get it by mail too.
 */
export async function admin(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { email: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  if (positionals.join(' ') !== 'create') throw new UsageError('admin: expected create');
  const email = z.email().safeParse(values.email?.trim()).data;
  if (email === undefined) throw new UsageError('--email: expected the e-mail address of the new admin');
  const config = readVariables(env, [
    'APP_URL',
    'IDENTITY',
    'JWT_JWKS_URL',
    'SMTP_HOST',
    'PERSONAL_DATA_KEYS',
  ]);
  if (identityOf(config) === 'external')
    throw new CannotRun('an identity provider keeps the accounts: make the admin there (docs/identity.md)');
  const act = { actor: 'system', userAgent: 'npm run ops' };
  const urlOf = (token: string) => `${config.APP_URL}/reset-password#token=${token}`;
  const isMailed = config.SMTP_HOST !== undefined && config.PERSONAL_DATA_KEYS.length > 0;
  const linkOf = isMailed ? urlOf : null;
  const { userId, token, expiresAt } = await looking(env, ({ db }) =>
    inviteAdmin(db, { email, linkOf }, act),
  );
  const url = urlOf(token);
  return values.json
    ? JSON.stringify({ id: userId, url, token, expires_at: expiresAt.toISOString() })
    : `${userId}\n${url}\n${isMailed ? 'It goes to them by mail too. ' : ''}The link is good until ${expiresAt.toISOString()}, once. Then sign in at /ops.`;
}
