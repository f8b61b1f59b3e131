import { type ExportStory, readExportStory } from '../../db/privacy/index.ts';
import { exportWorkflowId } from '../../domain/privacy/ids.ts';
import type { RowKind, StoryEvent, StoryRow, StuckKind } from '../row-kind.ts';
import { event, eventIf, QUIET } from '../telling.ts';
import { mailEvents } from './mails.ts';

type Row = ExportStory['row'];

/** A copy of what is held on a person. What is in it is told to nobody, and operators do not get its file. */
export const dataExport: RowKind = {
  kind: 'export',
  hasWorkflow: true,
  actions: [],
  async story(db, id) {
    const found = await readExportStory(db, id);
    if (found === null) return null;
    const subject = exportWorkflowId(id);
    return {
      orderId: null,
      rows: () => [exportRow(found.row)],
      events: [...exportEvents(found.row), ...mailEvents(subject, found.mails)],
      about: [],
      subjects: [subject],
    };
  },
};

export const stuckExport: StuckKind = {
  one: 'Export',
  many: 'Exports under way',
  next: nextOfExport,
  actions: () => [],
};

/** Of one of any status. */
export function nextOfExport({
  status,
  nextAttemptAt,
}: {
  readonly status: string;
  readonly nextAttemptAt: Date | null;
}): string {
  if (status === 'ready') return 'Its person may get the file until its time is over.';
  if (status !== 'queued' && status !== 'building') return 'Nothing: it has ended.';
  return nextAttemptAt === null
    ? 'A worker makes the file as soon as it has a place for it.'
    : 'Its workflow makes the file again at its time, until its retries are exhausted.';
}

export function exportRow({ id, status, errorCode, nextAttemptAt, attempt }: Row): StoryRow {
  const subject = exportWorkflowId(id);
  return {
    ...QUIET,
    kind: 'export',
    subject,
    status,
    money: null,
    lastError: errorCode,
    nextAttemptAt,
    retryCount: Math.max(attempt - 1, 0),
    providerId: null,
    actions: [],
  };
}

function exportEvents({ id, userId, requestedAt, readyAt, expiresAt, parts, status }: Row): StoryEvent[] {
  const subject = exportWorkflowId(id);
  const told = (at: Date | null, text: string, detail: unknown = null) =>
    eventIf(at, 'export', subject, text, { detail });
  const rows = (parts ?? []).reduce((sum, part) => sum + part.rows, 0);
  return [
    event(requestedAt, 'export', subject, 'Its person asked for a copy of what is held on them.', {
      by: userId,
    }),
    ...told(readyAt, `The file was made: ${rows} rows in ${parts?.length ?? 0} parts.`, parts),
    ...told(status === 'expired' ? expiresAt : null, 'The time of the file was over.'),
  ];
}
