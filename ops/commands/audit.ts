import { ConfigError } from '../../config.ts';
import { audit as checkBooks } from '../audit.ts';
import { CannotRun } from '../usage.ts';

/** `audit [--providers] [--json]`: as `npm run audit`, with its exit codes. */
export async function audit(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  try {
    return (await checkBooks(args, env)).trimEnd();
  } catch (error) {
    if (error instanceof ConfigError) throw new CannotRun(error.problems.join('\n'));
    throw error instanceof Error && !('code' in error) ? new CannotRun(error.message) : error;
  }
}
