import type { Id } from './impersonal.ts';

/** People's copies of what is held on them, and their leaving. */
export interface PrivacyEngine {
  /** Starts the workflow of a copy; does nothing where it runs. */
  startExport(copy: { readonly exportId: Id; readonly userId: Id }): Promise<void>;
  /** Starts the workflow of somebody's leaving, or wakes the one that runs: it looks at the rows now. */
  startDeletion(leaving: { readonly userId: string; readonly finalAt: string }): Promise<void>;
  /**
   * Deletes the closed histories of a person's exports, mails and onboarding at the engine. Returns how many it asked for; the
   * engine takes some seconds to delete them, so until then the next call finds them again. Repeatable.
   */
  deleteHistories(userId: Id): Promise<number>;
}
