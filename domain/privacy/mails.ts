/** Kinds of mails about a copy of one's data, and about leaving. */
export const PRIVACY_MAILS = [
  'export_ready',
  'export_failed',
  'export_downloaded',
  'deletion_scheduled',
  'deletion_reminder',
  'deletion_waits',
  'deletion_undone',
  'deletion_done',
] as const;

type Nothing = Readonly<Record<string, never>>;
type Final = { readonly final_at: string };

/** What each kind says. Times are ISO 8601. */
export type PrivacyMailParams = {
  readonly export_ready: { readonly export_id: string; readonly expires_at: string };
  readonly export_failed: Nothing;
  readonly export_downloaded: { readonly at: string };
  readonly deletion_scheduled: Final & { readonly keeps_public_tracks: boolean };
  readonly deletion_reminder: Final;
  /** `waits`: words of DELETION_WAITS, with a comma between them. */
  readonly deletion_waits: { readonly waits: string };
  readonly deletion_undone: Nothing;
  readonly deletion_done: { readonly sold: boolean };
};
