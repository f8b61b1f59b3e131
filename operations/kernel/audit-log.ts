import type { auditLog } from '../../db/kernel/index.ts';
import type { StoryEvent } from '../row-kind.ts';
import { event } from '../telling.ts';

type AuditLogRow = Pick<
  typeof auditLog.$inferSelect,
  'at' | 'subject' | 'action' | 'reason' | 'actor' | 'before' | 'after'
>;

/** What operators did. */
export const auditLogEvents = (auditLogRows: readonly AuditLogRow[]): StoryEvent[] =>
  auditLogRows.map(({ at, subject, action, reason, actor, before, after }) => {
    const why = reason === null ? '' : `: ${reason}`;
    return event(at, 'audit', subject, `${action}${why}`, { by: actor, detail: { before, after } });
  });
