import { findRow } from '../../../operations/index.ts';
import type { ActionAsk } from '../../../operations/row-kind.ts';
import { type TemporalUi, workflowUrl } from '../../../operations/links.ts';
import { titleOf } from '../../../operations/titles.ts';
import { html, type Html } from '../html.ts';
import { address } from '../query.ts';

const SETTLEMENT_FILE = /^statement\/([\da-f-]{36})$/;

/** The page of a row, by its workflow's id: `reversal/…`, `webhook/…`; of a bare id, the search for it. */
export function storyPath(subject: string): string {
  if (findRow(subject) !== null) return `/ops/story/${subject}`;
  const statementId = SETTLEMENT_FILE.exec(subject)?.[1];
  return statementId === undefined
    ? address('/ops/search', { q: subject })
    : `/ops/statements/${statementId}`;
}

const TAIL_LENGTH = 8;

/** `reversal …8a4d0c11`: UUIDs of one time begin alike, so it is the end that tells them apart. */
export function subjectLink(subject: string): Html {
  const [kind = '', id = ''] = subject.split('/');
  // A sweep, a list: nothing that has a page.
  if (findRow(subject) === null && !SETTLEMENT_FILE.test(subject)) return html`<code>${subject}</code>`;
  return html`<a href="${storyPath(subject)}" title="${subject}"
    >${kind} <code>…${id.slice(-TAIL_LENGTH)}</code></a
  >`;
}

/** To what of a settlement file is to be resolved; null for anything else. */
export const exceptionsLink = (subject: string): Html | null =>
  SETTLEMENT_FILE.test(subject) ? html`<a href="${storyPath(subject)}">Resolve its exceptions…</a>` : null;

/** To the workflow in Temporal's UI; null where it has none, or nobody said where that is. */
export function workflowLink(ui: TemporalUi, workflowId: string): Html | null {
  const hasNone = findRow(workflowId)?.kind.hasWorkflow === false;
  const url = hasNone ? null : workflowUrl(ui, workflowId);
  return url === null ? null : html`<a href="${url}" rel="noreferrer">Workflow</a>`;
}

/** Each to the page that says first what it will do. */
export const actionLinks = (
  actions: readonly ActionAsk[],
  look: 'button' | 'link' = 'link',
): readonly Html[] =>
  actions.map(
    ({ action, subject }) =>
      html`<li>
        <a class="${look}" href="${address('/ops/act', { action, subject })}">${titleOf(action).title}…</a>
      </li>`,
  );
