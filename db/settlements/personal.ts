import { BOOKS, named, type PersonalPart, TO_ERASED } from '../kernel/index.ts';

/** The class of each column of settlement files, and how a person's rows are found. */
export const SETTLEMENTS_PERSONAL: PersonalPart = {
  tables: [
    {
      table: 'statement_rows',
      key: ['statement_id', 'row_number'],
      of: [],
      none: ['statement_id', 'row_number', 'line', 'kind', 'amount_minor', 'currency', 'at'],
      pseudonym: ['ref', 'alt_ref', 'our_ref'],
    },
    {
      table: 'statement_claims',
      key: ['statement_id', 'kind', 'subject_id'],
      of: [],
      none: ['statement_id', 'kind', 'subject_id', 'row_number'],
    },
    {
      table: 'statement_exceptions',
      key: ['id'],
      of: [named('subject')],
      since: 'created_at',
      none: [
        ...['id', 'position', 'statement_id', 'kind', 'row_kind', 'line', 'column', 'moved_at', 'created_at'],
        'resolved_at',
      ],
      pseudonym: ['subject', 'ref', 'resolved_by'],
      // Sentences: no mask can find a name in them.
      erase: { detail: TO_ERASED, resolution: TO_ERASED },
      law: { theirs_minor: BOOKS, theirs_currency: BOOKS, ours_minor: BOOKS, ours_currency: BOOKS },
    },
    {
      table: 'provider_statements',
      key: ['id'],
      of: [],
      none: [
        ...['id', 'provider', 'layout', 'file_hash', 'file_name', 'covers', 'rows_read', 'period_from'],
        ...['period_to', 'ignored', 'loaded_at', 'matched_through', 'matched', 'missing_known_at'],
        ...['ended_at', 'created_at'],
      ],
    },
  ],
};
