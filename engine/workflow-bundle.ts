import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BundleOptions, bundleWorkflowCode, type WorkflowBundleOption } from '@temporalio/worker';
import { type EncryptionSettings, encrypts, FAILURE_CONVERTER_PATH } from './converter.ts';

/** Failures are encoded inside the workflows' sandbox, so the encoding is chosen when its code is bundled. */
export type Failures = 'plain' | 'encoded';

/** Built files lie beside the compiled processes. */
export const BUNDLE_FILES: Readonly<Record<Failures, string>> = {
  plain: 'workflow-bundle.js',
  encoded: 'workflow-bundle-encrypting.js',
};

/** The workflows beside this folder: sources when sources run, compiled files when those run. */
export const WORKFLOWS_DIR = fileURLToPath(new URL('../workflows/', import.meta.url));

export const failuresOf = (settings: EncryptionSettings): Failures =>
  encrypts(settings) ? 'encoded' : 'plain';

/** The one way workflows are bundled: for production, in development, for tests and for replays. */
export function bundleWorkflows(
  failures: Failures,
  { dir = WORKFLOWS_DIR, ...options }: { readonly dir?: string } & Pick<BundleOptions, 'logger'> = {},
): Promise<{ readonly code: string }> {
  const extension = existsSync(join(dir, 'index.ts')) ? 'ts' : 'js';
  return bundleWorkflowCode({
    ...options,
    workflowsPath: join(dir, `index.${extension}`),
    workflowInterceptorModules: [join(dir, `origin.${extension}`)],
    ...(failures === 'encoded' && { failureConverterPath: FAILURE_CONVERTER_PATH }),
  });
}

/** Built once by `npm run build`; in development the bundle is made on the spot. */
export async function loadWorkflowBundle(failures: Failures): Promise<WorkflowBundleOption> {
  const built = fileURLToPath(new URL(`../${BUNDLE_FILES[failures]}`, import.meta.url));
  return existsSync(built) ? { codePath: built } : bundleWorkflows(failures);
}
