import type { Handler } from 'hono';
import {
  EXCEPTION_STATES,
  type ExceptionRow,
  listSettlementExceptions,
  readSettlementFile,
} from '../../../db/settlements/index.ts';
import { VezaError } from '../../../domain/errors.ts';
import { settlementWorkflowId, EXCEPTION_KINDS } from '../../../domain/settlements/index.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { count, money, momentOr, words } from '../format.ts';
import { html, type Html } from '../html.ts';
import { document } from '../layout.ts';
import { address, choice, pageAsk, uuidOf } from '../query.ts';
import { anyOf, filters, pager, select } from '../views/filters.ts';
import { subjectLink, workflowLink } from '../views/links.ts';
import { badge } from '../views/status.ts';
import { table } from '../views/table.ts';

/** What of one settlement file does not agree with our rows, in the order in which it was found. */
export const settlementFilePage =
  ({ db, temporalUi }: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const id = uuidOf(c.req.param('id'));
    const settlementFile = id === null ? null : await readSettlementFile(db, id);
    if (settlementFile === null)
      throw new VezaError('statement_not_found', 'There is no such settlement file.');
    const path = `/ops/statements/${settlementFile.id}`;
    const [askedKind, askedState] = [c.req.query('kind'), c.req.query('state') ?? 'open'];
    const filter = { kind: choice(EXCEPTION_KINDS, askedKind), state: choice(EXCEPTION_STATES, askedState) };
    const { rows, nextAfterId } = await listSettlementExceptions(db, settlementFile.id, filter, {
      ...pageAsk(c.req.query('after')),
      newestFirst: false,
    });
    const body = html`<section aria-label="The settlement file">
        <dl class="facts">
          <div>
            <dt>Provider</dt>
            <dd>${settlementFile.provider}, ${settlementFile.layout}</dd>
          </div>
          <div>
            <dt>Rows</dt>
            <dd>${count(settlementFile.rowsRead)}</dd>
          </div>
          <div>
            <dt>Open exceptions</dt>
            <dd>${count(settlementFile.open)}</dd>
          </div>
          <div>
            <dt>Matched</dt>
            <dd>${momentOr(settlementFile.endedAt, 'under way')}</dd>
          </div>
        </dl>
        ${workflowLink(temporalUi, settlementWorkflowId(settlementFile.id))}
      </section>
      ${filters(
        path,
        html`${select('kind', 'Kind', anyOf(EXCEPTION_KINDS), filter.kind)}
        ${select('state', 'State', anyOf(EXCEPTION_STATES), filter.state)}`,
      )}
      <section aria-label="Exceptions">
        ${table({
          caption: 'Exceptions',
          columns: [
            {
              title: 'What',
              cell: (row) => html`${words(row.kind)} ${badge(row.resolvedAt === null ? 'open' : 'resolved')}`,
            },
            { title: 'Row', cell: whereOf },
            { title: 'Theirs', cell: (row) => amount(row.theirsMinor, row.theirsCurrency), isNumber: true },
            { title: 'Ours', cell: (row) => amount(row.oursMinor, row.oursCurrency), isNumber: true },
            {
              title: 'Detail',
              cell: (row) => html`<span class="said">${row.resolution ?? row.detail}</span>`,
            },
            {
              title: 'What you may do',
              cell: (row) =>
                row.resolvedAt === null
                  ? html`<a href="/ops/statement-exceptions/${row.id}">Resolve…</a>`
                  : html`<span class="sub">by <code>${row.resolvedBy}</code></span>`,
            },
          ],
          rows,
          empty: 'There is no such exception: what was read agrees.',
        })}
        ${pager(
          nextAfterId === null
            ? null
            : address(path, { kind: askedKind, after: nextAfterId, state: filter.state ?? 'any' }),
          `${rows.length} shown, in the order of the file`,
        )}
      </section>`;
    return c.html(document(c, { title: settlementFile.fileName, body }));
  };

const whereOf = ({ subject, line, ref }: ExceptionRow): Html =>
  html`${subject !== null && subjectLink(subject)}
    <span class="sub">${ref !== null && html`<code>${ref}</code>`} ${line !== null && `line ${line}`}</span>`;

export const amount = (amountMinor: number | null, currency: string | null): Html | string =>
  amountMinor === null || currency === null ? '–' : money(amountMinor, currency);
