import { WORKFLOW_LISTS } from '../engine/lists.ts';
import { listPath } from '../operations/links.ts';
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

/** The runbook with these lists between its markers. Throws where they are missing. */
export const withListsTable = (runbook: string): string => withPart(runbook, 'lists', listsTable());
