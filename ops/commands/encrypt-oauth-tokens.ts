import { parseArgs } from 'node:util';
import { readVariables } from '../../config.ts';
import { encryptOauthTokens as encrypt, type Encrypted } from '../../db/accounts/index.ts';
import { openDatabase } from '../../db/client.ts';
import { VezaError } from '../../domain/errors.ts';
import { personalKeysOf } from '../../domain/kernel/index.ts';
import { startProgress } from '../progress.ts';
import { CannotRun } from '../usage.ts';

/** `encrypt-oauth-tokens [--dry-run] [--json]`: seals what an older system left plain (docs/encryption.md). */
export async function encryptOauthTokens(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
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
  const progress = startProgress(process.stderr, 'accounts at providers');
  try {
    const report = await encrypt(database.db, isDryRun, (done, total) => progress.show(done, total));
    return values.json ? JSON.stringify({ dry_run: isDryRun, ...report }) : asText(report, isDryRun);
  } catch (error) {
    throw error instanceof VezaError ? new CannotRun(error.detail) : error;
  } finally {
    progress.end();
    await database.close();
  }
}

const asText = ({ rows, tokens, left }: Encrypted, isDryRun: boolean): string =>
  [
    `${tokens} tokens of ${rows} accounts at providers ${isDryRun ? 'would be' : 'were'} sealed`,
    ...(left > 0 ? [`${left} are of people who have left, and stay as they are`] : []),
    ...(isDryRun ? ['Nothing has been changed.'] : []),
  ].join('\n');
