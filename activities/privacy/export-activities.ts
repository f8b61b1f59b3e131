import { ApplicationFailure, Context } from '@temporalio/activity';
import { beginBuild, type Build, endBuild, failBuild, giveUpExport } from '../../db/privacy/index.ts';
import { exportFilePrefix } from '../../domain/privacy/ids.ts';
import type { ExportAttempt } from '../../domain/privacy/exports.ts';
import { whileHeartbeating } from '../kernel/index.ts';
import { buildArchive } from './build.ts';
import type { ExportDeps } from './export-deps.ts';

/** Each reads pages and compresses them; more would be in the way of mails. */
const BUILDS_AT_A_TIME = 2;
const LOOKS_AGAIN_MS = 2_000;

/** Copies of what is held on people. Nothing that these return names anybody. */
export function createExportActivities(deps: ExportDeps) {
  const { db, store, log } = deps;
  const terms = deps.settings.exports;
  let building = 0;

  /** What an attempt before this one left in the store. */
  async function removeOthers({ exportId, fileKey }: Build): Promise<void> {
    const prefix = exportFilePrefix(exportId);
    const { files } = await store.list(prefix);
    for (const { key } of files) if (key !== fileKey) await store.remove(key);
    await store.abortUnfinished({ olderThan: new Date(), prefix });
  }

  async function attempt(build: Build, progress: { part: string; row: number }): Promise<ExportAttempt> {
    try {
      await removeOthers(build);
      const signal = Context.current().cancellationSignal;
      const { sizeBytes, sha256, parts } = await buildArchive(deps, build, { progress, signal });
      const told = parts.map(({ name, rows, missing, files }) => ({
        ...{ name, rows, missing, sha256: files[0]?.sha256 ?? '' },
      }));
      const ended = await endBuild(db, build, { sizeBytes, sha256, parts: told }, terms);
      if (ended.status !== 'ready') await store.remove(build.fileKey);
      return ended;
    } catch (error) {
      if (Context.current().cancellationSignal.aborted) throw error;
      const code = codeOf(error);
      log.warn({ err: error, exportId: build.exportId, attempt: build.attempt }, 'an export was not made');
      await store.remove(build.fileKey).catch(() => undefined);
      return failBuild(db, build, code, terms);
    }
  }

  return {
    /** Makes the file of a copy, once: an attempt of its own, under a key of its own. */
    async buildExport(exportId: string): Promise<ExportAttempt> {
      if (building >= BUILDS_AT_A_TIME)
        throw ApplicationFailure.create({
          type: 'busy',
          message: 'this worker makes other copies',
          nextRetryDelay: LOOKS_AGAIN_MS,
        });
      building += 1;
      const progress = { part: '', row: 0 };
      try {
        return await whileHeartbeating(
          async () => {
            const begun = await beginBuild(db, exportId);
            if (!('attempt' in begun)) return { ended: true, ...begun };
            // Workers died with it, again and again.
            if (begun.attempt > terms.retriesMax + 1) return await failBuild(db, begun, 'worker_died', terms);
            return await attempt(begun, progress);
          },
          () => ({ ...progress }),
        );
      } finally {
        building -= 1;
      }
    },

    /** An operator ended it in Temporal. Their words stay there. */
    async endExport(exportId: string): Promise<ExportAttempt> {
      const row = await db.transaction((tx) => giveUpExport(tx, exportId, { actor: 'system' }));
      return { ended: true, status: row.status, code: row.errorCode };
    },
  };
}

/** The code that a failure has, wherever in its causes; never its words, which may name people. */
function codeOf(error: unknown): string {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    const code: unknown = 'code' in at ? at.code : at.name;
    if (typeof code === 'string' && code !== 'Error' && /^\w{1,60}$/.test(code)) return code;
  }
  return 'unexpected';
}
