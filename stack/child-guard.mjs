// Preloaded into the processes of the embedded stack: they end when the one that started them is gone. Plain
// JavaScript, since a preload is passed on to worker threads, and those have no loader for TypeScript.
import { isMainThread } from 'node:worker_threads';

/** The Temporal runtime takes SIGTERM as a request; this is how long it may take. */
const GRACE_MS = 15_000;

if (isMainThread) {
  process.on('disconnect', () => {
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => process.exit(1), GRACE_MS).unref();
  });
  process.channel?.unref();
}
