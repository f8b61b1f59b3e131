import { parseArgs } from 'node:util';
import { readVariables } from '../../config.ts';
import { type Rewrapped, rewrapKeys as rewrap } from '../../db/accounts/index.ts';
import { looking, sayUnreadable } from '../operator.ts';

/** `rewrap-keys [--dry-run] [--json]`: the second step of a rotation (docs/encryption.md). */
export async function rewrapKeys(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({
    args,
    options: { 'dry-run': { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  });
  const isDryRun = values['dry-run'];
  const { PERSONAL_DATA_KEYS: ring } = readVariables(env, ['PERSONAL_DATA_KEYS', 'PERSONAL_DATA_KEY_ID']);
  const report = await looking(env, ({ db }) => rewrap(db, isDryRun)).catch(sayUnreadable);
  const free = ring.map(({ id }) => id).filter((id) => (report.byKey[id] ?? 0) === 0);
  return values.json
    ? JSON.stringify({ dry_run: isDryRun, ...asJson(report), free_keys: free })
    : asText(report, free, isDryRun);
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
