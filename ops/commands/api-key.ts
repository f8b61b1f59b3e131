import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { Db } from '../../db/client.ts';
import { type ApiKeyRow, listApiKeys, revokeApiKey } from '../../db/accounts/index.ts';
import {
  API_KEY_NAME_MAX_CHARS,
  API_KEY_SCOPES,
  type ApiKeyScope,
  CALLS_PER_HOUR_MAX,
  READS_PER_HOUR,
  WRITES_PER_HOUR,
} from '../../domain/accounts/index.ts';
import { durationMs } from '../../domain/kernel/index.ts';
import { makeApiKey } from '../../operations/accounts/index.ts';
import { actorOf, looking, required } from '../operator.ts';
import { awaiting } from '../print.ts';
import { UsageError } from '../usage.ts';

const PAGE = 100;
const WHY = 'why; it is kept in the audit log';

const VERBS = ['create', 'list', 'revoke'] as const;

/** `api-key create|list|revoke`: the keys by which programs call the API. */
export async function apiKey([verb, ...args]: string[], env: NodeJS.ProcessEnv): Promise<string> {
  switch (VERBS.find((known) => known === verb)) {
    case 'create':
      return create(args, env);
    case 'list':
      return list(args, env);
    case 'revoke':
      return revoke(args, env);
    default:
      throw new UsageError(`api-key: expected one of ${VERBS.join(', ')}`);
  }
}

/** `create --user ID --name N --scope S… [--ttl 90d] [--reads-per-hour N] [--writes-per-hour N] --reason R` */
async function create(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({
    args,
    options: {
      user: { type: 'string' },
      name: { type: 'string' },
      scope: { type: 'string', multiple: true },
      ttl: { type: 'string' },
      'reads-per-hour': { type: 'string', default: String(READS_PER_HOUR) },
      'writes-per-hour': { type: 'string', default: String(WRITES_PER_HOUR) },
      reason: { type: 'string' },
      actor: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const asked = {
    userId: userOf(values.user),
    name: nameOf(values.name),
    scopes: scopesOf(values.scope),
    expiresAt: values.ttl === undefined ? null : endOf(values.ttl),
    readsPerHour: perHour(values['reads-per-hour'], '--reads-per-hour'),
    writesPerHour: perHour(values['writes-per-hour'], '--writes-per-hour'),
  };
  required(values.reason, '--reason', WHY);
  const made = await looking(env, async ({ db }) =>
    makeApiKey({ db }, asked, await actorOf({ db }, env, values)),
  );
  const { key } = made;
  if ('awaits' in made) {
    const waits = awaiting(made.awaits, values.json);
    if (values.json) return JSON.stringify({ ...(JSON.parse(waits) as object), key });
    return [key, 'It is shown this once, and opens nothing until another admin agrees.', waits].join('\n');
  }
  if (values.json) return JSON.stringify({ api_key: asJson(made.apiKey), key });
  return [key, asText(made.apiKey), 'The key is shown only here. If you lose it, make another one.'].join(
    '\n',
  );
}

/** `list [--user ID]`: all keys, the newest first, also those that do not work any more. */
async function list(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({
    args,
    options: { user: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  const userId = values.user === undefined ? undefined : userOf(values.user);
  const rows = await looking(env, ({ db }) => readAll(db, userId));
  if (values.json) return JSON.stringify({ data: rows.map(asJson) });
  return rows.length === 0 ? 'there are no API keys' : rows.map(asText).join('\n');
}

async function readAll(db: Db, userId: string | undefined): Promise<ApiKeyRow[]> {
  const rows: ApiKeyRow[] = [];
  let afterId: string | null = null;
  do {
    const ask = { limit: PAGE, afterId, newestFirst: true };
    const page: Awaited<ReturnType<typeof listApiKeys>> = await listApiKeys(db, { userId, ask });
    rows.push(...page.rows);
    afterId = page.nextAfterId;
  } while (afterId !== null);
  return rows;
}

/** `revoke ID --reason R`: the key stops working at the next call. A repeat changes nothing. */
async function revoke(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      reason: { type: 'string' },
      actor: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const id = z
    .uuid()
    .toLowerCase()
    .safeParse(positionals[0]?.replace(/^api_key\//, '')).data;
  if (id === undefined || positionals.length > 1)
    throw new UsageError('api-key revoke: expected the id (UUID) of one key, as the list shows it');
  required(values.reason, '--reason', WHY);
  const revoked = await looking(env, async ({ db }) =>
    revokeApiKey(db, id, await actorOf({ db }, env, values)),
  );
  return values.json ? JSON.stringify({ api_key: asJson(revoked) }) : asText(revoked);
}

function userOf(given: string | undefined): string {
  const userId = z.uuid().toLowerCase().safeParse(given).data;
  if (userId === undefined) throw new UsageError('--user: expected the id (UUID) of a user');
  return userId;
}

function nameOf(given: string | undefined): string {
  const name = required(given, '--name', 'what the key is for, for those who read the list');
  if (name.length <= API_KEY_NAME_MAX_CHARS) return name;
  throw new UsageError(`--name: expected at most ${API_KEY_NAME_MAX_CHARS} characters`);
}

function scopesOf(given: readonly string[] = []): ApiKeyScope[] {
  const scopes = given.map((name) => API_KEY_SCOPES.find((scope) => scope === name));
  const known = scopes.filter((scope) => scope !== undefined);
  if (known.length > 0 && known.length === scopes.length) return known;
  throw new UsageError(`--scope: expected one of ${API_KEY_SCOPES.join(', ')}, once or several times`);
}

function endOf(ttl: string): Date {
  const end = new Date(Date.now() + (durationMs(ttl) ?? 0));
  // A duration that leads beyond what a date can hold is refused too.
  if (end.getTime() > Date.now()) return end;
  throw new UsageError('--ttl: expected a duration such as 12h or 90d');
}

function perHour(given: string, option: string): number {
  const calls = z.coerce.number().int().min(1).max(CALLS_PER_HOUR_MAX).safeParse(given).data;
  if (calls === undefined)
    throw new UsageError(`${option}: expected a whole number from 1 to ${CALLS_PER_HOUR_MAX}`);
  return calls;
}

function stateOf({ revokedAt, expiresAt, isMakerGone }: ApiKeyRow): string {
  if (revokedAt !== null) return 'revoked';
  if (isMakerGone) return 'ended';
  return expiresAt !== null && expiresAt.getTime() <= Date.now() ? 'expired' : 'opens';
}

const asText = (row: ApiKeyRow) =>
  [
    row.id,
    row.prefix,
    stateOf(row).padEnd(7),
    row.scopes.join(','),
    `as ${row.userId}, last used ${row.lastUsedAt?.toISOString() ?? 'never'}: ${row.name}`,
  ].join('  ');

/** As the API shows it. */
const asJson = (row: ApiKeyRow) => ({
  id: row.id,
  user_id: row.userId,
  made_by: row.madeBy,
  made_by_key: row.madeByKey,
  name: row.name,
  prefix: row.prefix,
  scopes: row.scopes,
  reads_per_hour: row.readsPerHour,
  writes_per_hour: row.writesPerHour,
  expires_at: row.expiresAt?.toISOString() ?? null,
  revoked_at: row.revokedAt?.toISOString() ?? null,
  last_used_at: row.lastUsedAt?.toISOString() ?? null,
  created_at: row.createdAt.toISOString(),
});
