import { queryAt, type WorkflowList, WORKFLOW_LISTS } from '../../../engine/lists/index.ts';
import { listUrl, type TemporalUi } from '../../../operations/links.ts';
import { html, type Html } from '../html.ts';
import { table } from './table.ts';

/** The lists of Temporal's UI, to go there from here; where nobody said where that is, their queries alone. */
export const workflowLists = (ui: TemporalUi, now = new Date()): Html =>
  html`${
    ui.url === undefined &&
    html`<p class="muted">
      <code>TEMPORAL_UI_URL</code> is not set, so nothing leads there: paste a query into that UI.
    </p>`
  }
  ${table({
    caption: 'Lists in Temporal’s UI',
    columns: [
      { title: 'List', cell: (list) => nameOf(ui, list) },
      { title: 'When to look', cell: ({ about }) => `${capital(about)}.` },
      { title: 'Query', cell: ({ query }) => html`<code>${query}</code>` },
    ],
    rows: WORKFLOW_LISTS.map((list) => ({ ...list, query: queryAt(list, now) })),
    empty: '',
  })}`;

function nameOf(ui: TemporalUi, { title, query }: WorkflowList): Html | string {
  const url = listUrl(ui, query);
  return url === null ? capital(title) : html`<a href="${url}" rel="noreferrer">${capital(title)}</a>`;
}

const capital = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
