import { parseArgs } from 'node:util';
import { z } from 'zod';
import { durationMs } from '../../domain/kernel/index.ts';
import { openDatabase } from '../../db/client.ts';
import { readUserRole } from '../../db/accounts/index.ts';
import { ROLES, type Role } from '../../domain/accounts/index.ts';
import { readDatabaseUrl, readSigningSettings } from '../settings.ts';
import { signToken } from '../sign-token.ts';
import { UsageError } from '../usage.ts';

/** `token --user ID [--role R] [--ttl 24h]`: prints a bearer token. */
export async function token(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({
    args,
    options: {
      user: { type: 'string' },
      role: { type: 'string' },
      ttl: { type: 'string', default: '24h' },
      json: { type: 'boolean', default: false },
    },
  });
  const userId = z.uuid().toLowerCase().safeParse(values.user).data;
  if (userId === undefined) throw new UsageError('--user: expected the id (UUID) of a user');
  const ttlMs = durationMs(values.ttl);
  if (ttlMs === undefined || ttlMs <= 0)
    throw new UsageError('--ttl: expected a duration such as 30m or 24h');
  const role = values.role === undefined ? await storedRole(userId, env) : givenRole(values.role);
  const signed = await signToken(readSigningSettings(env), { userId, role }, ttlMs);
  return values.json ? JSON.stringify({ id: userId, role, token: signed }) : signed;
}

function givenRole(role: string): Role {
  const known = ROLES.find((name) => name === role);
  if (known === undefined) throw new UsageError(`--role: expected one of ${ROLES.join(', ')}`);
  return known;
}

async function storedRole(userId: string, env: NodeJS.ProcessEnv): Promise<Role> {
  const database = openDatabase(readDatabaseUrl(env), { maxConnections: 1 });
  try {
    const role = await readUserRole(database.db, userId);
    if (role === null)
      throw new Error(`there is no user ${userId}; give --role to sign a token all the same`);
    return role;
  } finally {
    await database.close();
  }
}
