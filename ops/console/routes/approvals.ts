import type { Handler } from 'hono';
import { listApprovals } from '../../../db/approvals/index.ts';
import { APPROVAL_STATUSES } from '../../../domain/approvals/index.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { due, moment, moneyOr } from '../format.ts';
import { html } from '../html.ts';
import { document, livePart } from '../layout.ts';
import { address, choice, pageAsk } from '../query.ts';
import { actionTitle } from '../views/action-names.ts';
import { anyOf, filters, pager, select } from '../views/filters.ts';
import { subjectLink } from '../views/links.ts';
import { badge } from '../views/status.ts';
import { table } from '../views/table.ts';

/** What waits for a second admin, or waited. */
export const approvalsPage =
  ({ db, now }: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const asked = c.req.query('status');
    const status = choice(APPROVAL_STATUSES, asked ?? 'pending');
    const { rows, nextAfterId } = await listApprovals(db, { status }, pageAsk(c.req.query('after')));
    const me = c.var.session.caller.userId;
    const list = html`<section>
      ${table({
        caption: 'Approvals',
        columns: [
          {
            title: 'Action',
            cell: (row) =>
              html`<a href="/ops/approvals/${row.id}">${actionTitle(row.action)}</a>
                ${row.requestedBy === me && html`<span class="sub">asked by you</span>`}`,
          },
          { title: 'On', cell: (row) => subjectLink(row.subject) },
          { title: 'Amount', cell: (row) => moneyOr(row, 'none'), isNumber: true },
          { title: 'Why', cell: (row) => html`<span class="said">${row.reason}</span>` },
          { title: 'Status', cell: (row) => badge(row.status) },
          { title: 'Asked', cell: (row) => moment(row.requestedAt) },
          { title: 'Ends', cell: (row) => (row.status === 'pending' ? due(row.expiresAt, now()) : '–') },
        ],
        rows,
        empty: status === 'pending' ? 'Nothing waits for a second admin.' : 'There are none.',
      })}
      ${pager(
        nextAfterId === null
          ? null
          : address('/ops/approvals', { status: asked ?? status, after: nextAfterId }),
        `${rows.length} shown, the newest first`,
      )}
    </section>`;
    const body = html`${filters('/ops/approvals', select('status', 'Status', anyOf(APPROVAL_STATUSES), status))}
    ${livePart('approvals', `${rows.length} approvals`, list)}`;
    return c.html(document(c, { title: 'Approvals', body, isLive: true }));
  };
