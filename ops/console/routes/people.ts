import type { Handler } from 'hono';
import type { Page } from '../../../db/kernel/index.ts';
import {
  type DeletionList,
  type ExportList,
  listCopiesOfData,
  type ListedDeletion,
  type ListedExport,
  listPeopleLeaving,
} from '../../../operations/privacy/index.ts';
import { listStuck, type StuckItem } from '../../../operations/stuck.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { age, due, moment, plural } from '../format.ts';
import { html, type Html } from '../html.ts';
import { document, livePart } from '../layout.ts';
import { address, choice, PAGE_ROWS, uuidOf } from '../query.ts';
import { filters, pager, select } from '../views/filters.ts';
import { actionLinks, subjectLink } from '../views/links.ts';
import { badge } from '../views/status.ts';
import { table } from '../views/table.ts';

const DELETION_OPTIONS: readonly (readonly [DeletionList, string])[] = [
  ['open', 'all who are leaving'],
  ['scheduled', 'within their thirty days'],
  ['waiting', 'held up'],
  ['erasing', 'being erased'],
  ['undone', 'who stayed after all'],
  ['erased', 'erased'],
];
const EXPORT_OPTIONS: readonly (readonly [ExportList, string])[] = [
  ['open', 'under way'],
  ['failed', 'failed'],
  ['all', 'all'],
];
const DELETIONS = DELETION_OPTIONS.map(([name]) => name);
const EXPORTS = EXPORT_OPTIONS.map(([name]) => name);

/** Who leaves, whose copy of their data is being made, and which mails wait: since when, why, and what happens next. */
export const peoplePage =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const leaving = choice(DELETIONS, c.req.query('deletions')) ?? 'open';
    const copies = choice(EXPORTS, c.req.query('exports')) ?? 'open';
    const ask = (name: string) => ({ limit: PAGE_ROWS, afterId: uuidOf(c.req.query(name)) });
    const [deletions, exports, mails] = await Promise.all([
      listPeopleLeaving(deps.db, leaving, ask('after')),
      listCopiesOfData(deps.db, copies, ask('export')),
      listStuck(deps, { olderThanMinutes: 0, kinds: ['mail'] }, { limit: PAGE_ROWS }),
    ]);
    const here = { deletions: leaving, exports: copies };
    const summary = `${plural(deletions.rows.length, 'deletion')}, ${plural(exports.rows.length, 'export')}, ${plural(mails.length, 'mail')}`;
    const body = html`${filters(
      '/ops/people',
      html`${select('deletions', 'Deletions', DELETION_OPTIONS, leaving)}
      ${select('exports', 'Exports', EXPORT_OPTIONS, copies)}`,
    )}
    ${livePart(
      'people',
      summary,
      html`<section aria-labelledby="deletions">
          <h2 id="deletions">Deletions</h2>
          ${deletionTable(deps, deletions.rows)} ${next(deletions, here, 'after')}
        </section>
        <section aria-labelledby="exports">
          <h2 id="exports">Exports</h2>
          ${exportTable(deps, exports.rows)} ${next(exports, here, 'export')}
        </section>
        <section aria-labelledby="mails">
          <h2 id="mails">Mails that wait</h2>
          ${mailTable(deps, mails)}
          ${
            mails.length === PAGE_ROWS &&
            html`<p>
              <a class="button" href="${address('/ops/stuck', { kind: 'mail', older: '0' })}">All of them</a>
            </p>`
          }
        </section>`,
    )}`;
    return c.html(document(c, { title: 'People', body, isLive: true }));
  };

const next = (
  { rows, nextAfterId }: Page<{ readonly id: string }>,
  here: Readonly<Record<string, string>>,
  name: 'after' | 'export',
): Html =>
  pager(
    nextAfterId === null ? null : address('/ops/people', { ...here, [name]: nextAfterId }),
    rows.length === 0 ? '' : `${rows.length} shown`,
  );

const deletionTable = ({ now }: ConsoleDeps, rows: readonly ListedDeletion[]): Html =>
  table({
    caption: 'Deletions',
    columns: [
      { title: 'Who', cell: ({ subject }) => subjectLink(subject) },
      { title: 'Status', cell: ({ status }) => badge(status) },
      { title: 'Asked', cell: ({ requestedAt }) => moment(requestedAt) },
      { title: 'Final', cell: (row) => finalOf(row, now()) },
      {
        title: 'Waits for',
        cell: ({ waitWords, waitingSince }) =>
          html`<span class="said">${waitWords.length === 0 ? '–' : waitWords.join(', ')}</span>
            ${waitWords.length > 0 && waitingSince !== null && html`<span class="sub">for ${age(waitingSince, now())}</span>`}`,
      },
      { title: 'What happens next', cell: (row) => html`<span class="said">${row.next}</span>` },
      {
        title: 'What you may do',
        cell: ({ actions }) =>
          html`<ul class="actions">
            ${actionLinks(actions)}
          </ul>`,
      },
    ],
    rows,
    empty: 'Nobody of that kind.',
  });

const finalOf = ({ status, finalAt, erasedAt, undoneAt }: ListedDeletion, now: Date): Html => {
  const endedAt = erasedAt ?? undoneAt;
  if (endedAt !== null) return moment(endedAt);
  return status === 'scheduled' ? due(finalAt, now) : moment(finalAt);
};

const exportTable = ({ now }: ConsoleDeps, rows: readonly ListedExport[]): Html =>
  table({
    caption: 'Exports',
    columns: [
      { title: 'What', cell: ({ subject }) => subjectLink(subject) },
      { title: 'Whose', cell: ({ userId }) => subjectLink(`account/${userId}`) },
      {
        title: 'Status',
        cell: ({ status, attempt }) =>
          html`${badge(status)} ${attempt > 1 && html`<span class="sub">attempt ${attempt}</span>`}`,
      },
      { title: 'Age', cell: ({ requestedAt }) => age(requestedAt, now()) },
      { title: 'Last error', cell: ({ errorCode }) => html`<span class="said">${errorCode ?? '–'}</span>` },
      {
        title: 'What happens next',
        cell: (row) =>
          html`<span class="said">${row.next}</span>
            ${row.nextAttemptAt !== null && html`<span class="sub">Next attempt ${due(row.nextAttemptAt, now())}</span>`}`,
      },
    ],
    rows,
    empty: 'There are none.',
  });

const mailTable = ({ now }: ConsoleDeps, rows: readonly StuckItem[]): Html =>
  table({
    caption: 'Mails that wait',
    columns: [
      { title: 'What', cell: ({ subject }) => subjectLink(subject) },
      { title: 'Age', cell: ({ since }) => age(since, now()) },
      { title: 'Last answer', cell: ({ lastError }) => html`<span class="said">${lastError ?? '–'}</span>` },
      {
        title: 'What happens next',
        cell: (row) =>
          html`<span class="said">${row.next}</span>
            ${row.nextAttemptAt !== null && html`<span class="sub">Next attempt ${due(row.nextAttemptAt, now())}</span>`}`,
      },
    ],
    rows,
    empty: 'No mail waits.',
  });
