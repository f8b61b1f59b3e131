import { ConfigError } from '../../config.ts';
import { audit as auditBooks } from '../audit.ts';
import { CannotRun } from '../usage.ts';

/** `audit [--providers] [--json]`: as `npm run audit`, with its exit codes. */
export async function audit(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  try {
    return (await auditBooks(args, env)).trimEnd();
  } catch (error) {
    if (error instanceof ConfigError) throw new CannotRun(error.problems.join('\n'));
    throw error instanceof Error && !('code' in error) ? new CannotRun(error.message) : error;
  }
}
