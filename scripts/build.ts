import { execFileSync } from 'node:child_process';
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { transform } from 'esbuild';

// `npm run build`: compiled JavaScript for `start` and `worker`, and the workflows as one minified bundle, which every
// cached workflow then costs less memory for.

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
await cp(join(project, 'db/migrations'), join(dist, 'db/migrations'), { recursive: true });

const { code } = await bundleWorkflowCode({
  workflowsPath: join(dist, 'workflows/index.js'),
  workflowInterceptorModules: [join(dist, 'workflows/origin.js')],
});
// Worker.create refuses a bundle without a source map comment.
const minified = await transform(code, { minify: true, sourcemap: 'inline', sourcesContent: false });
await writeFile(join(dist, 'workflow-bundle.js'), minified.code);
console.log(
  `dist is built; the workflow bundle went from ${Math.round(code.length / 1024)} to ${Math.round(minified.code.length / 1024)} KiB`,
);
