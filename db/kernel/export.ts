import { type SQL, sql } from 'drizzle-orm';
import { columnsOf, type ExportPart } from './export-part.ts';

/** Kinds of rows whose ids are those of people. */
const OF_PEOPLE = sql.raw(`('account', 'onboarding', 'deletion')`);

const byNumber = {
  since: sql`entry.at`,
  order: [[sql`entry.id`, 'bigint']],
} as const satisfies Pick<ExportPart, 'since' | 'order'>;

/** What the audit log has of a person. What it says beside the action may name others, or be an operator's, and is left out. */
export const KERNEL_EXPORT: readonly ExportPart[] = [
  {
    name: 'activity',
    about: 'What you did here, and from where: sign-ins, refunds you asked for, changes of your account.',
    tables: ['audit_log'],
    columns: {
      ...columnsOf('entry', 'at', 'action'),
      subject: sql`CASE WHEN split_part(entry.subject, '/', 1) IN ${OF_PEOPLE} AND split_part(entry.subject, '/', 2) <> entry.actor
        THEN split_part(entry.subject, '/', 1) ELSE entry.subject END`,
      ip: sql`host(entry.ip)`,
      ...columnsOf('entry', 'user_agent'),
    },
    from: (person: SQL) => sql`FROM audit_log AS entry WHERE entry.actor = ${person}::text`,
    ...byNumber,
  },
  {
    name: 'account_events',
    about: 'What others did to your account: this system, or an operator.',
    tables: ['audit_log'],
    columns: {
      ...columnsOf('entry', 'at', 'action'),
      done_by: sql`CASE entry.actor WHEN 'system' THEN 'system' ELSE 'an operator' END`,
    },
    from: (person: SQL) => sql`FROM audit_log AS entry
      WHERE entry.subject = 'account/' || ${person}::text AND entry.actor <> ${person}::text`,
    ...byNumber,
  },
];
