import { sql } from 'drizzle-orm';
import { ofThose, own, type PersonalPart, PROOF_OF_REQUEST, TO_NULL } from '../kernel/index.ts';

/** The class of each column of exports and deletions, and how a person's rows are found. */
export const PRIVACY_PERSONAL: PersonalPart = {
  tables: [
    {
      table: 'export_tickets',
      key: ['token_hash'],
      of: [ofThose('export_id', (person) => sql`SELECT id FROM data_exports WHERE user_id = ${person}`)],
      delete: ['token_hash', 'export_id', 'session_id', 'expires_at'],
    },
    {
      // The file goes in a step of its own, before.
      table: 'data_exports',
      key: ['id'],
      of: [own('user_id')],
      none: ['id', 'status', 'attempt', 'next_attempt_at', 'error_code'],
      pseudonym: ['user_id'],
      erase: { file_key: TO_NULL },
      law: {
        size_bytes: PROOF_OF_REQUEST,
        sha256: PROOF_OF_REQUEST,
        parts: PROOF_OF_REQUEST,
        downloads: PROOF_OF_REQUEST,
        requested_at: PROOF_OF_REQUEST,
        ready_at: PROOF_OF_REQUEST,
        expires_at: PROOF_OF_REQUEST,
      },
    },
    {
      table: 'account_deletions',
      key: ['id'],
      of: [own('user_id')],
      none: ['id', 'status', 'waits_for', 'waiting_since', 'held_at', 'reminded_at', 'paid_out_at'],
      pseudonym: ['user_id', 'requested_by', 'hidden'],
      law: {
        keep_public_tracks: PROOF_OF_REQUEST,
        requested_at: PROOF_OF_REQUEST,
        final_at: PROOF_OF_REQUEST,
        undone_at: PROOF_OF_REQUEST,
        erasing_at: PROOF_OF_REQUEST,
        erased_at: PROOF_OF_REQUEST,
        steps: PROOF_OF_REQUEST,
        report: PROOF_OF_REQUEST,
      },
    },
  ],
  names: (person) => sql`
    SELECT 'deletion/' || ${person}::text
    UNION ALL SELECT 'export/' || id FROM data_exports WHERE user_id = ${person}`,
};
