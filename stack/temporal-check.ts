import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { promisify } from 'node:util';

/** The first path that is Temporal's CLI; the error says what is wrong with each. */
export async function firstThatRuns(paths: string[]): Promise<string> {
  const reasons: string[] = [];
  for (const path of paths) {
    const reason = isExecutable(path)
      ? await whyItIsNotTemporal(path)
      : `${path} is not there, or not executable`;
    if (reason === undefined) return path;
    reasons.push(reason);
  }
  throw new Error(reasons.join('; '));
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A broken download, a binary for another machine and an unrelated program of that name all fail here. */
export async function whyItIsNotTemporal(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 30_000 });
    return /temporal version/i.test(stdout) ? undefined : `${path} is another program`;
  } catch (error) {
    return `${path} does not run: ${(error as Error).message.trim()}`;
  }
}
