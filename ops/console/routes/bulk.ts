import type { Context, Handler } from 'hono';
import { VezaError } from '../../../domain/errors.ts';
import {
  type BulkAsk,
  type BulkPreview,
  previewBulk,
  type BulkPerformed,
  performBulk,
} from '../../../operations/bulk.ts';
import { BULK_ACTIONS, titleOf } from '../../../operations/titles.ts';
import { actOf } from '../act-of.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { readForm } from '../form.ts';
import { count, plural } from '../format.ts';
import { html, type Html } from '../html.ts';
import { document, hiddenToken } from '../layout.ts';
import { address, choice } from '../query.ts';
import { readStuckQuery, type StuckQuery, workFilterOf } from '../stuck-filter.ts';
import { subjectLink } from '../views/links.ts';
import { reasonField } from '../views/reason-field.ts';
import { badge } from '../views/status.ts';
import { table } from '../views/table.ts';
import { totals } from '../views/totals.ts';
import { showAwaiting } from './approval.ts';

interface Ask extends BulkAsk {
  readonly query: StuckQuery;
}

/** What an action on the whole filtered list would take, and the form that has it done. */
export const showBulk =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const ask = askOf((name) => c.req.query(name));
    return c.html(previewPage(c, ask, await previewBulk(deps, ask, c.var.session.caller.userId)));
  };

/** Does it to the rows that were shown, or, where the list has changed, to none. */
export const doBulk =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const form = await readForm(c, deps);
    const ask = askOf(form.text);
    const act = actOf(c, deps, form.text('reason'));
    const again = async (problem: Problem) =>
      c.html(
        previewPage(c, ask, await previewBulk(deps, ask, c.var.session.caller.userId), {
          ...problem,
          reason: form.text('reason'),
        }),
        problem.status,
      );
    if (act === null) return again({ status: 422 });
    try {
      const result = await performBulk(deps, ask, form.text('fingerprint'), act);
      if ('awaitsApproval' in result) return c.html(showAwaiting(c, result.awaitsApproval), 202);
      return c.html(donePage(c, ask, result.done));
    } catch (error) {
      if (!(error instanceof VezaError) || error.code !== 'list_changed') throw error;
      return again({ status: 409, notice: error.detail });
    }
  };

function askOf(field: (name: string) => string | undefined): Ask {
  const action = choice(BULK_ACTIONS, field('action'));
  if (action === undefined) throw new VezaError('action_unknown', 'There is no such action on many rows.');
  const query = readStuckQuery(field);
  return { action, query, filter: { stuck: workFilterOf(query) } };
}

interface Problem {
  readonly status: 409 | 422;
  /** Absent: there is no reason. */
  readonly notice?: string;
  readonly reason?: string;
}

/** So many rows are shown; all of them count. */
const SHOWN_ROWS = 100;

function previewPage(
  c: Context<ConsoleEnv>,
  { action, query }: Ask,
  preview: BulkPreview,
  problem?: Problem,
): Html {
  const { rows, hasMore, needsSecondAdmin, fingerprint } = preview;
  const back = address('/ops/stuck', { ...query });
  const body = html`${
      problem?.notice !== undefined &&
      html`<p class="notice warn" role="alert">
        ${problem.notice} Below is the list as it is now; nothing has been done.
      </p>`
    }
    <div class="card act">
      <p class="lead">
        ${titleOf(action).title}: <strong>${plural(preview.count, 'row')}</strong>, together
        ${totals(preview.totals, 'no money')}.
      </p>
      ${hasMore && html`<p class="notice busy">More rows match. These are the oldest; do it again for the rest.</p>`}
      ${
        needsSecondAdmin &&
        html`<p class="notice busy">
          Together above the limit of one admin, with what you decided on in the last 24 hours: it is done
          once a second admin approves.
        </p>`
      }
      ${
        preview.count === 0
          ? html`<p><a href="${back}">Back to the list</a></p>`
          : html`<p>
                It is done to these rows as they stand, all or none: should one of them change before you send
                this, nothing is done.
              </p>
              <form method="post" action="/ops/bulk">
                ${hiddenToken(c)}
                ${Object.entries({ action, fingerprint, ...query }).map(
                  ([name, value]) =>
                    value !== undefined && html`<input type="hidden" name="${name}" value="${value}" />`,
                )}
                ${reasonField({
                  ...(problem?.reason !== undefined && { value: problem.reason }),
                  isMissing: problem !== undefined && problem.notice === undefined,
                })}
                <p class="actions">
                  <button class="main">
                    ${needsSecondAdmin ? 'Ask a second admin' : `${titleOf(action).title}: ${plural(preview.count, 'row')}`}
                  </button>
                  <a href="${back}">Leave them as they are</a>
                </p>
              </form>`
      }
    </div>
    <section>
      ${table({
        caption: 'The rows that it is done to',
        columns: [
          { title: 'Row', cell: (row) => subjectLink(row.subject) },
          { title: 'Status', cell: (row) => badge(row.status) },
          { title: 'Amount', cell: ({ money }) => totals(money === null ? [] : [money]), isNumber: true },
        ],
        rows: rows.slice(0, SHOWN_ROWS),
        empty: 'No row matches.',
      })}
      ${rows.length > SHOWN_ROWS && html`<p class="muted">And ${count(rows.length - SHOWN_ROWS)} more.</p>`}
    </section>`;
  return document(c, { title: `${titleOf(action).title}: a whole list`, body });
}

function donePage(c: Context<ConsoleEnv>, { action, query }: Ask, done: BulkPerformed): Html {
  const body = html`<div class="card act">
    <p class="notice good" role="status">
      Done to ${plural(done.count, 'row')}, each with a line in the audit log.
    </p>
    <p>Together ${totals(done.totals, 'no money')}.</p>
    <ul>
      ${Object.entries(done.told).map(([note, rows]) => html`<li>${plural(rows, 'row')}: ${note}</li>`)}
    </ul>
    <p class="actions">
      <a class="button" href="${address('/ops/stuck', { ...query })}">What is left of the list</a>
    </p>
  </div>`;
  return document(c, { title: `${titleOf(action).title}: done`, body });
}
