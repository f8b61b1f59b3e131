import { readClock, writePlatformSetting } from '../../db/kernel/index.ts';
import {
  countUpkeepLooks,
  type UpkeepBatch,
  type UpkeepCursor,
  type UpkeepLook,
  type UpkeepPhase,
  type UpkeepReport,
} from '../../domain/upkeep/upkeep.ts';
import type { UpkeepDeps } from './deps.ts';
import { PHASES } from './phases.ts';

/** Rows of one batch, over all parts of a phase. */
const BATCH = 100;

/** What upkeeps do. Nothing that these return names anybody: ids, times, and keyed or one-way hashes. */
export function createUpkeepActivities(deps: UpkeepDeps) {
  const { db, log } = deps;
  return {
    /** Since when an upkeep runs, by the database's clock. */
    beginUpkeep: (): Promise<string> => readClock(db),

    /** Looks at the next rows of a phase, from a part's row on; null: from the first. */
    async upkeepBatch(phase: UpkeepPhase, by: string, from: UpkeepCursor | null): Promise<UpkeepBatch> {
      const parts = PHASES[phase];
      const looks: UpkeepLook[] = [];
      let after = from?.after ?? null;
      let next: UpkeepCursor | null = null;
      const first = from === null ? 0 : parts.findIndex(({ name }) => name === from.part);
      for (const part of parts.slice(Math.max(first, 0))) {
        if (looks.length === BATCH) {
          next = { part: part.name, after: null };
          break;
        }
        const taken = await part.take(deps, { by, after, limit: BATCH - looks.length });
        looks.push(...taken.looks);
        after = null;
        if (taken.next === null) continue;
        next = { part: part.name, after: taken.next };
        break;
      }
      for (const { what } of looks) deps.onUpkeep?.(phase, what);
      return { counts: countUpkeepLooks(looks), next };
    },

    /** Writes down that an upkeep has ended; one of all that the schedule asks for is the last one that metrics know. */
    async endUpkeep(report: UpkeepReport, isWhole: boolean): Promise<void> {
      if (isWhole) await writePlatformSetting(db, 'last_upkeep_at', await readClock(db));
      log.info({ ...report }, 'upkeep: it has ended');
    },
  };
}
