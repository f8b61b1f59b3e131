import type { Handler } from 'hono';
import { sumWork } from '../../../db/operators/index.ts';
import { STUCK } from '../../../operations/index.ts';
import { BULK_ACTIONS, titleOf } from '../../../operations/titles.ts';
import { listStuck, type StuckItem } from '../../../operations/stuck.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { age, due, plural } from '../format.ts';
import { html, type Html } from '../html.ts';
import { document, livePart } from '../layout.ts';
import { address, PAGE_ROWS } from '../query.ts';
import { AGES, readStuckQuery, type StuckQuery, workFilterOf } from '../stuck-filter.ts';
import { engineNotice } from '../views/engine-notice.ts';
import { filters, pager, select, textField } from '../views/filters.ts';
import { actionLinks, exceptionsLink, storyPath, subjectLink, workflowLink } from '../views/links.ts';
import { badge } from '../views/status.ts';
import { table } from '../views/table.ts';
import { atStake, totals } from '../views/totals.ts';
import { KIND_OPTIONS } from '../views/work-kinds.ts';

/** What is stuck, since when, how much money, why, what happens next and what may be done; the oldest first. */
export const stuckPage =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const query = readStuckQuery((name) => c.req.query(name));
    const offset = Math.max(Number.parseInt(c.req.query('offset') ?? '0', 10) || 0, 0);
    const filter = workFilterOf(query);
    const [items, sums, notice] = await Promise.all([
      listStuck(deps, filter, { limit: PAGE_ROWS, offset }),
      sumWork(deps.db, filter),
      engineNotice(deps),
    ]);
    const rows = sums.reduce((sum, { count }) => sum + count, 0);
    const isMore = offset + items.length < rows;
    const summary = `${plural(rows, 'row')} stuck`;
    const body = html`${filterForm(query)}
    ${livePart(
      'stuck',
      summary,
      html`${notice}
        <section aria-label="${summary}">
          <div class="more">
            <p><strong>${plural(rows, 'row')}</strong>, ${totals(atStake(sums), 'no money')} at stake.</p>
            ${bulkLinks(query, items)}
          </div>
          ${list(deps, items)}
          ${pager(
            isMore ? address('/ops/stuck', { ...query, offset: offset + PAGE_ROWS }) : null,
            rows === 0 ? '' : `${offset + 1} to ${offset + items.length} of ${rows}, the oldest first`,
          )}
        </section>`,
    )}`;
    return c.html(document(c, { title: 'Stuck', body, isLive: true }));
  };

const filterForm = (query: StuckQuery): Html =>
  filters(
    '/ops/stuck',
    html`${select('kind', 'Kind', KIND_OPTIONS, query.kind)} ${select('older', 'Age', AGES, query.older)}
    ${textField('min', 'At least, in minor units', query.min, '50000')}
    ${textField('currency', 'Currency', query.currency, 'EUR')}
    ${textField('error', 'Last error says', query.error)}`,
  );

const list = (deps: ConsoleDeps, items: readonly StuckItem[]): Html =>
  table({
    caption: 'What is stuck',
    columns: [
      { title: 'What', cell: (item) => what(item) },
      { title: 'Age', cell: ({ since }) => age(since, deps.now()) },
      { title: 'At stake', cell: (item) => totals(item.money === null ? [] : [item.money]), isNumber: true },
      { title: 'Last error', cell: ({ lastError }) => html`<span class="said">${lastError ?? '–'}</span>` },
      { title: 'What happens next', cell: (item) => nextOf(item, deps.now()) },
      { title: 'What you may do', cell: (item) => mayDo(deps, item) },
    ],
    rows: items,
    empty: 'Nothing of that kind is stuck.',
  });

function what({ kind, subject, status, id, retryCount }: StuckItem): Html {
  // A flag is named by what it says, and leads to what it is about.
  const name =
    kind === 'approval'
      ? html`<a href="/ops/approvals/${id}">${STUCK[kind].one}</a>`
      : html`<a href="${storyPath(subject)}">${STUCK[kind].one}</a>`;
  return html`${name} ${badge(status)}
    <span class="sub"
      >${subjectLink(subject)}${retryCount !== null && retryCount > 0 && `, ${plural(retryCount, 'retry', 'retries')}`}</span
    >`;
}

const nextOf = ({ next, nextAttemptAt }: StuckItem, now: Date): Html =>
  html`<span class="said">${next}</span>
    ${nextAttemptAt !== null && html`<span class="sub">Next attempt ${due(nextAttemptAt, now)}</span>`}`;

const mayDo = ({ temporalUi }: ConsoleDeps, { actions, subject, kind, id }: StuckItem): Html =>
  html`<ul class="actions">
    ${actionLinks(actions)}
    ${kind === 'approval' && html`<li><a href="/ops/approvals/${id}">Decide…</a></li>`}
    ${[exceptionsLink(subject), workflowLink(temporalUi, subject)].map((link) => link !== null && html`<li>${link}</li>`)}
  </ul>`;

/** Actions on the whole list, as it is filtered now. */
function bulkLinks(query: StuckQuery, items: readonly StuckItem[]): Html {
  const possible = BULK_ACTIONS.filter((action) =>
    items.some(({ actions }) => actions.some((one) => one.action === action)),
  );
  return html`<ul class="actions">
    ${possible.map(
      (action) =>
        html`<li>
          <a class="button" href="${address('/ops/bulk', { action, ...query })}"
            >${titleOf(action).title}: all…</a
          >
        </li>`,
    )}
  </ul>`;
}
