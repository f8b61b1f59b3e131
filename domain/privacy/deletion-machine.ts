import { machineAllows, type Machine } from '../kernel/index.ts';

export const DELETION_STATUSES = ['scheduled', 'waiting', 'erasing', 'undone', 'erased'] as const;
export type DeletionStatus = (typeof DELETION_STATUSES)[number];

/** The leaving of a person. `waiting`: its time has come, and money of theirs still moves. `erasing` has no way back. */
export const DELETION: Machine<DeletionStatus> = {
  name: 'deletion',
  statuses: DELETION_STATUSES,
  transitions: {
    scheduled: ['waiting', 'erasing', 'undone'],
    waiting: ['erasing', 'undone'],
    erasing: ['erased'],
    undone: [],
    erased: [],
  },
};

export const canTransition = (from: string, to: string) => machineAllows(DELETION, from, to);
