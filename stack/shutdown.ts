/** What must be stopped before this process ends; the last registered is stopped first. */
const closers: (() => Promise<void>)[] = [];
let installed = false;
let closing = false;

const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
const LIMIT_MS = 60_000;

/**
 * Stops it on Ctrl-C, on SIGTERM and after an uncaught error. Call the returned function when it was stopped in
 * another way.
 */
export function stopWithProcess(stop: () => Promise<void>): () => void {
  install();
  closers.push(stop);
  return () => {
    const index = closers.indexOf(stop);
    if (index >= 0) closers.splice(index, 1);
  };
}

/** Stops all that is registered, then ends the process. A second call ends it at once. */
export async function shutDown(code: number): Promise<never> {
  if (closing) process.exit(code);
  closing = true;
  setTimeout(() => process.exit(code), LIMIT_MS); // also keeps the process from ending early, with another code
  for (let stop = closers.pop(); stop; stop = closers.pop()) {
    await stop().catch((error: unknown) => console.error(error));
  }
  process.exit(code);
}

function install(): void {
  if (installed) return;
  installed = true;
  for (const [signal, code] of Object.entries(EXIT_CODES)) process.on(signal, () => void shutDown(code));
  process.on('uncaughtException', (error) => {
    console.error(error);
    void shutDown(1);
  });
}
