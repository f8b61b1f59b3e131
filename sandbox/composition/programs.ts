import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from '../../stack/index.ts';
import { cacheFolder, findTemporalBinary, withTurn } from '../../stack/temporal-binary.ts';
import { buildWithGo } from '../../stack/temporal-build.ts';
import { type ComposeFile, servicesOf, versionOf } from './compose-file.ts';

/** What the images hold, under the names that it has there. */
const PROGRAMS = [
  {
    service: 'temporal',
    program: 'temporal-server',
    module: (version: string) => `go.temporal.io/server/cmd/server@v${version}`,
    name: "Temporal's server",
    takes: '3 to 6 minutes on two cores',
  },
  {
    service: 'temporal-schema',
    program: 'temporal-sql-tool',
    module: (version: string) => `go.temporal.io/server/cmd/tools/sql@v${version}`,
    name: "the tool for its database's schema",
    takes: 'seconds after the server',
  },
  {
    service: 'temporal-ui',
    program: 'temporal-ui-server',
    module: (version: string) => `github.com/temporalio/ui-server/v2/cmd/server@v${version}`,
    name: "Temporal's Web UI",
    takes: 'a minute',
  },
] as const;

/** A folder for the PATH with the programs of Temporal's images, each in the version that the compose file names. */
export async function programFolder(
  folder: string,
  file: ComposeFile,
  { env, progress }: { env: NodeJS.ProcessEnv; progress: Progress },
): Promise<string> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  symlinkSync(await findTemporalBinary({ env, progress }), join(folder, 'temporal'));
  for (const { service, program, module, name, takes } of PROGRAMS) {
    const version = versionOf(servicesOf(file)(service));
    const target = join(cacheFolder(env), `${program}-${version}`);
    await withTurn(`${target}.lock`, progress, async () => {
      if (!existsSync(target))
        await buildWithGo({ module: module(version), name, takes }, { target, env, progress });
    });
    symlinkSync(target, join(folder, program));
  }
  return folder;
}
