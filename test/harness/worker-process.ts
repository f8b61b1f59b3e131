import { readConfig } from '../../config.ts';
import { createLogger } from '../../log.ts';
import { installRuntime, startWorker } from '../../worker.ts';

// A worker in a process of its own, for tests that kill it.
const config = readConfig(process.env);
const log = createLogger(config.LOG_LEVEL);
installRuntime(log);
const worker = await startWorker(config, {
  log,
  workflowBundle: { codePath: process.env['WORKFLOW_BUNDLE_PATH']! },
});
process.on('disconnect', () => process.exit(1));
process.send?.({ ready: true });
await worker.done;
