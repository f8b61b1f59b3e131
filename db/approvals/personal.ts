import { BOOKS, named, type PersonalPart, TO_ERASED } from '../kernel/index.ts';

/** The class of each column of the approvals' tables, and how a person's rows are found. */
export const APPROVALS_PERSONAL: PersonalPart = {
  tables: [
    {
      table: 'approvals',
      key: ['id'],
      of: [named('subject')],
      since: 'requested_at',
      none: [
        ...['id', 'action', 'amount_minor', 'currency', 'requested_at', 'expires_at', 'status', 'decided_at'],
        ...['told_at', 'seen', 'work'],
      ],
      pseudonym: ['subject', 'requested_by', 'decided_by'],
      // Sentences: no mask can find a name in them.
      erase: { reason: TO_ERASED, note: TO_ERASED },
      mask: ['params'],
    },
    {
      table: 'decisions',
      key: ['id'],
      of: [],
      none: ['id', 'action', 'at'],
      pseudonym: ['actor', 'subject'],
      law: { amount_minor: BOOKS, currency: BOOKS },
    },
  ],
};
