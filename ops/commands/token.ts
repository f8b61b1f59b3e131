import { parseArgs } from 'node:util';
import { z } from 'zod';
import { durationMs } from '../../domain/kernel/index.ts';
import { openDatabase } from '../../db/client.ts';
import { readUserRole } from '../../db/accounts/index.ts';
import { readDatabaseUrl, readSigningSettings } from '../settings.ts';
import { makeToken } from '../sign-token.ts';
import { CannotRun, UsageError } from '../usage.ts';

/** `token --user ID [--ttl 24h]`: prints a bearer token, with a session of its own where accounts are ours. */
export async function token(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({
    args,
    options: {
      user: { type: 'string' },
      ttl: { type: 'string', default: '24h' },
      json: { type: 'boolean', default: false },
    },
  });
  const userId = z.uuid().toLowerCase().safeParse(values.user).data;
  if (userId === undefined) throw new UsageError('--user: expected the id (UUID) of a user');
  const ttlMs = durationMs(values.ttl);
  if (ttlMs === undefined || ttlMs <= 0)
    throw new UsageError('--ttl: expected a duration such as 30m or 24h');
  const database = openDatabase(readDatabaseUrl(env), { maxConnections: 1 });
  try {
    const role = await readUserRole(database.db, userId);
    if (role === null) throw new CannotRun(`there is no user ${userId}`);
    const signed = await makeToken(database.db, readSigningSettings(env), { userId, role }, ttlMs);
    return values.json ? JSON.stringify({ id: userId, role, token: signed }) : signed;
  } finally {
    await database.close();
  }
}
