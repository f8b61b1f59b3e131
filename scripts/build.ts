import { execFileSync } from 'node:child_process';
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import { BUNDLE_FILES, bundleWorkflows, type Failures } from '../engine/workflow-bundle.ts';

// `npm run build`: compiled JavaScript for `start` and `worker`, and the workflows as minified bundles, so that each
// cached workflow costs less memory: one for payloads in the clear, one for encrypted ones.

const project = fileURLToPath(new URL('../', import.meta.url));
const dist = join(project, 'dist');

await rm(dist, { recursive: true, force: true });
execFileSync(
  process.execPath,
  [join(project, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'],
  {
    cwd: project,
    stdio: 'inherit',
  },
);
await cp(join(project, 'ops/console/assets'), join(dist, 'ops/console/assets'), { recursive: true });
await cp(join(project, 'package.json'), join(dist, 'package.json'));
await cp(join(project, 'db/migrations'), join(dist, 'db/migrations'), { recursive: true });

for (const [failures, file] of Object.entries(BUNDLE_FILES)) {
  const { code } = await bundleWorkflows(failures as Failures, { dir: join(dist, 'workflows') });
  // Worker.create refuses a bundle without a source map comment.
  const minified = await transform(code, { minify: true, sourcemap: 'inline', sourcesContent: false });
  await writeFile(join(dist, file), minified.code);
  console.log(`${file} went from ${kibibytes(code)} to ${kibibytes(minified.code)} KiB`);
}

function kibibytes(code: string): number {
  return Math.round(code.length / 1024);
}
