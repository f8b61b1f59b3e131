import { readConfig } from '../../config.ts';
import { createLogger } from '../../log.ts';
import { bufferSdkMetrics, installRuntime, startWorker } from '../../worker.ts';

// A worker in a process of its own, for tests that kill it.
const config = readConfig(process.env);
const log = createLogger(config.LOG_LEVEL);
const sdkMetrics = bufferSdkMetrics(config);
installRuntime(log, sdkMetrics);
const worker = await startWorker(config, {
  log,
  sdkMetrics,
  workflowBundle: { codePath: process.env['WORKFLOW_BUNDLE_PATH']! },
});
process.on('disconnect', () => process.exit(1));
process.send?.({ ready: true, metricsUrl: worker.metricsUrl });
await worker.done;
