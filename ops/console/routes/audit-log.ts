import type { Handler } from 'hono';
import { listAuditLog } from '../../../db/kernel/index.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { moment } from '../format.ts';
import { html } from '../html.ts';
import { document } from '../layout.ts';
import { address, PAGE_ROWS, typed } from '../query.ts';
import { filters, pager, textField } from '../views/filters.ts';
import { subjectLink } from '../views/links.ts';
import { table } from '../views/table.ts';

/** What operators and the sweep did, the newest first. */
export const auditLogPage =
  ({ db }: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const [actor, action, subject] = ['actor', 'action', 'subject'].map((name) => typed(c.req.query(name)));
    const before = Number(c.req.query('before'));
    const { rows, nextBeforeId } = await listAuditLog(
      db,
      { actor, action, subject },
      { beforeId: Number.isSafeInteger(before) && before > 0 ? before : null, limit: PAGE_ROWS },
    );
    const body = html`${filters(
        '/ops/audit',
        html`${textField('actor', 'Who', actor, 'a user’s id, or system')}
        ${textField('action', 'What it begins with', action, 'reversal')}
        ${textField('subject', 'On what', subject, 'reversal/…')}`,
      )}
      <section>
        ${table({
          caption: 'Audit log',
          columns: [
            { title: 'What', cell: (row) => html`<code>${row.action}</code>` },
            { title: 'On what', cell: (row) => subjectLink(row.subject) },
            { title: 'Why', cell: (row) => html`<span class="said">${row.reason ?? '–'}</span>` },
            {
              title: 'Who',
              cell: (row) => html`<code>${row.actor}</code><span class="sub">${row.ip ?? null}</span>`,
            },
            { title: 'When', cell: (row) => moment(row.at) },
          ],
          rows,
          empty: 'Nothing of that kind was done.',
        })}
        ${pager(
          nextBeforeId === null
            ? null
            : address('/ops/audit', { actor, action, subject, before: nextBeforeId }),
          `${rows.length} shown, the newest first`,
        )}
      </section>`;
    return c.html(document(c, { title: 'Audit log', body }));
  };
