import { parseArgs } from 'node:util';
import {
  DELETION_LISTS,
  type DeletionList,
  EXPORT_LISTS,
  type ExportList,
  listCopiesOfData,
  type ListedDeletion,
  type ListedExport,
  listPeopleLeaving,
} from '../../operations/privacy/index.ts';
import { looking } from '../operator.ts';
import { ageText, EXIT } from '../print.ts';
import { UsageError } from '../usage.ts';

const FIRST = { limit: 200, afterId: null } as const;
const OPTIONS = {
  of: { type: 'string', default: 'open' },
  json: { type: 'boolean', default: false },
} as const;

const namesOf = <Name extends string>(lists: Readonly<Record<Name, unknown>>) => Object.keys(lists) as Name[];
export const DELETION_LIST_NAMES = namesOf(DELETION_LISTS);
export const EXPORT_LIST_NAMES = namesOf(EXPORT_LISTS);

function known<Name extends string>(names: readonly Name[], given: string): Name {
  const name = names.find((one) => one === given);
  if (name === undefined) throw new UsageError(`--of: expected one of ${names.join(', ')}`);
  return name;
}

/** `deletions [--of LIST] [--json]`: people who leave or have left; exits 1 where one is held up. */
export async function deletions(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({ args, options: OPTIONS });
  const of: DeletionList = known(DELETION_LIST_NAMES, values.of);
  const { rows } = await looking(env, ({ db }) => listPeopleLeaving(db, of, FIRST));
  process.exitCode = rows.some(({ status }) => status === 'waiting') ? EXIT.found : EXIT.done;
  if (values.json) return JSON.stringify({ data: rows.map(deletionJson) });
  return rows.length === 0 ? `nobody: ${of}` : rows.map(deletionText).join('\n');
}

const deletionJson = (row: ListedDeletion) => ({
  id: row.id,
  user_id: row.userId,
  status: row.status,
  requested_at: row.requestedAt.toISOString(),
  final_at: row.finalAt.toISOString(),
  waits_for: row.waitsFor,
  waiting_since: row.waitingSince?.toISOString() ?? null,
  held_at: row.heldAt?.toISOString() ?? null,
  undone_at: row.undoneAt?.toISOString() ?? null,
  erased_at: row.erasedAt?.toISOString() ?? null,
  next: row.next,
});

const deletionText = ({ subject, status, requestedAt, finalAt, next }: ListedDeletion) =>
  `${subject}  ${status}  asked ${ageText(requestedAt)} ago, final ${finalAt.toISOString()}\n    ${next}`;

/** `exports [--of LIST] [--json]`: copies of people's data; exits 1 where one failed. */
export async function dataExports(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({ args, options: OPTIONS });
  const of: ExportList = known(EXPORT_LIST_NAMES, values.of);
  const { rows } = await looking(env, ({ db }) => listCopiesOfData(db, of, FIRST));
  process.exitCode = rows.some(({ status }) => status === 'failed') ? EXIT.found : EXIT.done;
  if (values.json) return JSON.stringify({ data: rows.map(exportJson) });
  return rows.length === 0 ? `no export: ${of}` : rows.map(exportText).join('\n');
}

const exportJson = (row: ListedExport) => ({
  id: row.id,
  user_id: row.userId,
  status: row.status,
  attempt: row.attempt,
  last_error: row.errorCode,
  requested_at: row.requestedAt.toISOString(),
  next_attempt_at: row.nextAttemptAt?.toISOString() ?? null,
  next: row.next,
});

const exportText = ({ subject, status, requestedAt, errorCode, next }: ListedExport) =>
  `${subject}  ${status}  for ${ageText(requestedAt)}${errorCode === null ? '' : `, ${errorCode}`}\n    ${next}`;
