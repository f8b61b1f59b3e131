import type { BackoffPolicy } from '../kernel/index.ts';
import type { ExportStatus } from './export-machine.ts';

/** Copies that a person may ask for in a rolling day. Failed ones are not counted. */
export const EXPORTS_A_DAY = 3;
export const EXPORTS_EVERY_MS = 24 * 60 * 60 * 1000;

export interface ExportTerms {
  readonly retry: BackoffPolicy;
  /** Attempts after the first. */
  readonly retriesMax: number;
  /** How long a file is kept. */
  readonly ttlMs: number;
}

/** What one attempt at a copy came to; ids, codes and times alone, as a history keeps them. */
export type ExportAttempt =
  | { readonly ended: true; readonly status: ExportStatus; readonly code: string | null }
  | {
      readonly ended: false;
      /** Failed ones. */
      readonly attempts: number;
      readonly code: string;
      readonly delayMs: number;
      readonly nextAttemptAt: string;
    };
