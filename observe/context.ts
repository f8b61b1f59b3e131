import { AsyncLocalStorage } from 'node:async_hooks';
import type { Origin } from '../domain/kernel/index.ts';

/** What is going on around the code that runs: whose request, which workflow, which attempt. */
export interface Around {
  readonly origin: Origin;
  /** Goes into every log line that is written meanwhile. */
  readonly fields: Readonly<Record<string, string | number>>;
}

const NOTHING: Around = { origin: {}, fields: {} };
const store = new AsyncLocalStorage<Around>();

export const around = (): Around => store.getStore() ?? NOTHING;

export const runWithin = <T>(inner: Around, run: () => T): T => store.run(inner, run);
