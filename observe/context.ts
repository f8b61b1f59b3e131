import { AsyncLocalStorage } from 'node:async_hooks';
import type { Origin } from '../domain/kernel/index.ts';

/** The context that code runs in: the request, the workflow and the attempt. */
export interface Around {
  readonly origin: Origin;
  /** Fields of every log line that is written in this context. */
  readonly fields: Readonly<Record<string, string | number>>;
}

const NOTHING: Around = { origin: {}, fields: {} };
const store = new AsyncLocalStorage<Around>();

export const around = (): Around => store.getStore() ?? NOTHING;

export const runWithin = <T>(inner: Around, run: () => T): T => store.run(inner, run);
