import type { MailTemplate } from '../../kernel/index.ts';
import type { PrivacyMailParams } from '../mails.ts';
import { deletionDone } from './deletion-done.ts';
import { deletionReminder } from './deletion-reminder.ts';
import { deletionScheduled } from './deletion-scheduled.ts';
import { deletionUndone } from './deletion-undone.ts';
import { deletionWaits } from './deletion-waits.ts';
import { exportDownloaded } from './export-downloaded.ts';
import { exportFailed } from './export-failed.ts';
import { exportReady } from './export-ready.ts';

/** A text for each kind. */
export const PRIVACY_MAIL_TEXTS: {
  readonly [Kind in keyof PrivacyMailParams]: MailTemplate<PrivacyMailParams[Kind]>;
} = {
  export_ready: exportReady,
  export_failed: exportFailed,
  export_downloaded: exportDownloaded,
  deletion_scheduled: deletionScheduled,
  deletion_reminder: deletionReminder,
  deletion_waits: deletionWaits,
  deletion_undone: deletionUndone,
  deletion_done: deletionDone,
};
