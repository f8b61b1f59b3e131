import type { Handler } from 'hono';
import { listWebhookEvents, type WebhookEventRow, WEBHOOK_OUTCOMES } from '../../../db/webhooks/index.ts';
import { maskPersonalData } from '../../../domain/kernel/index.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { moment } from '../format.ts';
import { html } from '../html.ts';
import { document } from '../layout.ts';
import { address, choice, pageAsk } from '../query.ts';
import { anyOf, filters, pager, select } from '../views/filters.ts';
import { storyPath } from '../views/links.ts';
import { badge } from '../views/status.ts';
import { table } from '../views/table.ts';

/** What providers told us and what became of it, the newest first; personal data is masked. */
export const webhooksPage =
  ({ db }: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const outcome = choice(WEBHOOK_OUTCOMES, c.req.query('outcome'));
    const { rows, nextAfterId } = await listWebhookEvents(db, {
      outcome,
      ask: pageAsk(c.req.query('after')),
    });
    const body = html`${filters('/ops/webhooks', select('outcome', 'Outcome', anyOf(WEBHOOK_OUTCOMES), outcome))}
      <section>
        ${table({
          caption: 'Webhooks',
          columns: [
            {
              title: 'Event',
              cell: (row) =>
                html`<a href="${storyPath(`webhook/${row.id}`)}">${row.type}</a>
                  <span class="sub">${row.provider} <code>${row.eventId}</code></span>`,
            },
            { title: 'Outcome', cell: (row) => badge(row.outcome) },
            { title: 'Note', cell: (row) => html`<span class="said">${row.error ?? '–'}</span>` },
            { title: 'Received', cell: (row) => moment(row.receivedAt) },
            { title: 'Body', cell: bodyOf },
          ],
          rows,
          empty: 'No webhook of that kind has come.',
        })}
        ${pager(
          nextAfterId === null ? null : address('/ops/webhooks', { outcome, after: nextAfterId }),
          `${rows.length} shown, the newest first`,
        )}
      </section>`;
    return c.html(document(c, { title: 'Webhooks', body }));
  };

const bodyOf = (row: WebhookEventRow) =>
  row.body === null
    ? html`<span class="sub">Deleted after its time</span>`
    : html`<details>
        <summary>Show<span class="unseen"> the body of ${row.type} ${row.eventId}</span></summary>
        <pre>${JSON.stringify(maskPersonalData(JSON.parse(row.body)), null, 2)}</pre>
      </details>`;
