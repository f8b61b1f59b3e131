import { machineAllows, type Machine } from '../kernel/index.ts';

export const EXPORT_STATUSES = ['queued', 'building', 'ready', 'failed', 'expired', 'removed'] as const;
export type ExportStatus = (typeof EXPORT_STATUSES)[number];

/** A copy of what is held on a person. `removed`: its file went with the account; `expired`: with its time. */
export const EXPORT: Machine<ExportStatus> = {
  name: 'export',
  statuses: EXPORT_STATUSES,
  transitions: {
    queued: ['building', 'failed'],
    building: ['ready', 'failed'],
    ready: ['expired', 'removed'],
    failed: [],
    expired: [],
    removed: [],
  },
};

export const canTransition = (from: string, to: string) => machineAllows(EXPORT, from, to);
