import type { Config } from '../../config.ts';
import type { ExportTerms } from '../../domain/privacy/exports.ts';
import type { FileDeps, KernelDeps } from '../kernel/index.ts';

export interface ExportSettings {
  readonly exports: ExportTerms & {
    /** How long things are kept, as the page in a copy says it. */
    readonly keptFor: readonly { readonly what: string; readonly howLongMs: number }[];
  };
}

const RETRY_MAX_MS = 60 * 60 * 1000;
const RETRIES_MAX = 5;

export const exportSettings = (config: Config): ExportSettings => ({
  exports: {
    retry: { baseMs: config.EXPORT_RETRY_BASE, maxMs: RETRY_MAX_MS },
    retriesMax: RETRIES_MAX,
    ttlMs: config.EXPORT_TTL,
    keptFor: [
      { what: 'The file of this copy', howLongMs: config.EXPORT_TTL },
      { what: 'From which address and browser you called', howLongMs: config.ADDRESS_RETENTION },
      { what: 'Messages of payment services as they came', howLongMs: config.WEBHOOK_BODY_RETENTION },
    ],
  },
});

/** What the making of copies has. */
export interface ExportDeps extends KernelDeps, FileDeps {
  readonly settings: ExportSettings;
}
