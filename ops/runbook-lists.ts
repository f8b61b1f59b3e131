import { WORKFLOW_LISTS } from '../engine/lists/index.ts';
import { ROW_KINDS } from '../operations/index.ts';
import { listPath } from '../operations/links.ts';
import { titleOf } from '../operations/titles.ts';
import { markdownTable, withPart } from './markdown.ts';

/** The lists of Temporal's UI, as the runbook shows them for the namespace `default`. */
function listsTable(): string {
  const rows = WORKFLOW_LISTS.map(({ title, about, query }) => [
    title,
    about,
    `\`${query}\``,
    `\`${listPath('default', query)}\``,
  ]);
  return markdownTable([['list', 'when to look', 'query', 'address'], ...rows]);
}

/** What operators may do to each kind of row, by the words of its button. */
function actionsTable(): string {
  const rows = ROW_KINDS.filter(({ actions }) => actions.length > 0).map(({ kind, actions }) => [
    `\`${kind}/…\``,
    actions.map(({ action }) => `**${titleOf(action).title}**`).join(', '),
  ]);
  return markdownTable([['row', 'what may be done'], ...rows]);
}

/** The runbook with these lists and actions between their markers. Throws where those are missing. */
export const withRunbookTables = (runbook: string): string =>
  withPart(withPart(runbook, 'lists', listsTable()), 'actions', actionsTable());
