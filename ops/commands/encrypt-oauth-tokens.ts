import { parseArgs } from 'node:util';
import { encryptOauthTokens as encrypt, type Encrypted } from '../../db/accounts/index.ts';
import { looking, sayUnreadable } from '../operator.ts';
import { startProgress } from '../progress.ts';

/** `encrypt-oauth-tokens [--dry-run] [--json]`: seals what an older system left plain (docs/encryption.md). */
export async function encryptOauthTokens(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({
    args,
    options: { 'dry-run': { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  });
  const isDryRun = values['dry-run'];
  const progress = startProgress(process.stderr, 'accounts at providers');
  const report = await looking(env, ({ db }) =>
    encrypt(db, isDryRun, (done, total) => progress.show(done, total)),
  )
    .catch(sayUnreadable)
    .finally(() => progress.end());
  return values.json ? JSON.stringify({ dry_run: isDryRun, ...report }) : asText(report, isDryRun);
}

const asText = ({ rows, tokens, left }: Encrypted, isDryRun: boolean): string =>
  [
    `${tokens} tokens of ${rows} accounts at providers ${isDryRun ? 'would be' : 'were'} sealed`,
    ...(left > 0 ? [`${left} are of people who have left, and stay as they are`] : []),
    ...(isDryRun ? ['Nothing has been changed.'] : []),
  ].join('\n');
