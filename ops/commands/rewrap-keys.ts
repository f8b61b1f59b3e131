import { parseArgs } from 'node:util';
import { readVariables } from '../../config.ts';
import { type Rewrapped, rewrapKeys as rewrap } from '../../db/accounts/index.ts';
import { openDatabase } from '../../db/client.ts';
import { VezaError } from '../../domain/errors.ts';
import { personalKeysOf } from '../../domain/kernel/index.ts';
import { CannotRun } from '../usage.ts';

/** `rewrap-keys [--dry-run] [--json]`: the second step of a rotation (docs/encryption.md). */
export async function rewrapKeys(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({
    args,
    options: { 'dry-run': { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  });
  const isDryRun = values['dry-run'];
  const config = readVariables(env, ['DATABASE_URL', 'PERSONAL_DATA_KEYS', 'PERSONAL_DATA_KEY_ID']);
  const database = openDatabase(config.DATABASE_URL, {
    maxConnections: 1,
    personalKeys: personalKeysOf(config),
  });
  try {
    const report = await rewrap(database.db, isDryRun);
    const free = config.PERSONAL_DATA_KEYS.map(({ id }) => id).filter((id) => (report.byKey[id] ?? 0) === 0);
    return values.json
      ? JSON.stringify({ dry_run: isDryRun, ...asJson(report), free_keys: free })
      : asText(report, free, isDryRun);
  } catch (error) {
    throw error instanceof VezaError ? new CannotRun(error.detail) : error;
  } finally {
    await database.close();
  }
}

const asJson = ({ looked, rewrapped, byKey }: Rewrapped) => ({ looked, rewrapped, by_key: byKey });

function asText({ looked, rewrapped, byKey }: Rewrapped, free: readonly string[], isDryRun: boolean): string {
  return [
    `${looked} persons have a key`,
    `${rewrapped} ${isDryRun ? 'would be' : 'were'} wrapped anew`,
    ...Object.entries(byKey).map(([id, count]) => `${count} are wrapped by ${id}`),
    ...free.map((id) => `no person's key is wrapped by ${id}`),
    ...(isDryRun ? ['Nothing has been changed.'] : []),
  ].join('\n');
}
