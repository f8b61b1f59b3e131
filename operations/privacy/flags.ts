import type { FlagKind } from '../../domain/flags.ts';
import type { FlagWords } from '../row-kind.ts';

export const PRIVACY_FLAG_WORDS: Readonly<Partial<Record<FlagKind, FlagWords>>> = {
  export_failed: {
    next: 'Every attempt failed, and its person was told. See that the store takes files, then retry the export.',
  },
  deletion_waits: {
    next: 'Money of this person has kept the account from being erased for seven days. The story says what it waits for, and nothing is erased before that has ended.',
  },
  erasing_held_up: {
    next: 'A provider did not answer for seven days, so the erasing went on without it. The story says which step that was: do it at the provider by hand, then clear this.',
  },
  erasure_undone: {
    next: 'The database was restored from a backup in which this person was not erased yet. Close the account, then erase it now.',
  },
};
