import { statSync } from 'node:fs';
import { join } from 'node:path';
import { closedLoop } from '../measure/load.ts';
import { round } from '../memory.ts';
import type { Arena } from '../sides/index.ts';

const CONCURRENCY = 20;
const ENGINE_DATABASES = ['temporal', 'temporal_visibility'];

/** What whole refunds with one reversal leave on disk, in KiB each: rows and indexes of ours, histories of the engine. */
export async function storageKib({ product, parts }: Arena, units: number) {
  const orders = await product.prepare(units);
  const before = await bytes();
  await closedLoop(product, orders, { concurrency: CONCURRENCY, whole: true });
  const after = await bytes();
  return {
    units,
    vezaKibPerRefund: round((after.veza - before.veza) / 1024 / units),
    engineKibPerRefund: round((after.engine - before.engine) / 1024 / units),
  };

  async function bytes() {
    const { sql } = product.database;
    const [row] = await sql<{ veza: string; engine: string | null }[]>`
      SELECT pg_database_size(current_database()) AS veza,
        (SELECT sum(pg_database_size(datname)) FROM pg_database WHERE datname = ANY(${ENGINE_DATABASES})) AS engine`;
    return { veza: Number(row!.veza), engine: row!.engine === null ? ofFile() : Number(row!.engine) };
  }

  /** What SQLite has not moved from its log into the file yet is counted too. */
  function ofFile(): number {
    const file = join(parts.dir, 'temporal.db');
    return [file, `${file}-wal`].reduce(
      (sum, one) => sum + (statSync(one, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
  }
}
