import type { Context, Handler } from 'hono';
import {
  type ExceptionRow,
  readSettlementException,
  resolveSettlementException,
} from '../../../db/settlements/index.ts';
import { VezaError } from '../../../domain/errors.ts';
import { actOf } from '../act-of.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { readForm } from '../form.ts';
import { momentOr, words } from '../format.ts';
import { html, type Html } from '../html.ts';
import { document, hiddenToken } from '../layout.ts';
import { uuidOf } from '../query.ts';
import { subjectLink } from '../views/links.ts';
import { reasonField } from '../views/reason-field.ts';
import { badge } from '../views/status.ts';
import { amount } from './settlement-file.ts';

/** One exception, and the form that says what became of it. */
export const exceptionPage =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) =>
    c.html(resolvePage(c, await exceptionOf(c, deps)));

/** A person has looked: that is written down, and no money moves. */
export const resolveException =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const { id } = await exceptionOf(c, deps);
    const form = await readForm(c, deps);
    const act = actOf(c, deps, form.text('reason'));
    if (act === null) return c.html(resolvePage(c, await exceptionOf(c, deps), { isMissing: true }), 422);
    const { statementId } = await deps.db.transaction((tx) =>
      resolveSettlementException(tx, { exceptionId: id, ...act }),
    );
    return c.redirect(`/ops/statements/${statementId}`, 303);
  };

async function exceptionOf(c: Context<ConsoleEnv>, { db }: ConsoleDeps): Promise<ExceptionRow> {
  const id = uuidOf(c.req.param('id'));
  const exception = id === null ? null : await readSettlementException(db, id);
  if (exception === null) {
    throw new VezaError('statement_exception_not_found', 'There is no such settlement exception.');
  }
  return exception;
}

function resolvePage(
  c: Context<ConsoleEnv>,
  exception: ExceptionRow,
  { isMissing = false }: { isMissing?: boolean } = {},
): Html {
  const { id, statementId, subject, resolvedAt, detail, resolution } = exception;
  const back = `/ops/statements/${statementId}`;
  const body = html`<div class="card act">
    <dl class="facts">
      <div>
        <dt>What</dt>
        <dd>${words(exception.kind)}</dd>
      </div>
      <div>
        <dt>State</dt>
        <dd>${badge(resolvedAt === null ? 'open' : 'resolved')}</dd>
      </div>
      <div>
        <dt>On</dt>
        <dd>${subject === null ? 'nothing of ours' : subjectLink(subject)}</dd>
      </div>
      <div>
        <dt>Theirs</dt>
        <dd>${amount(exception.theirsMinor, exception.theirsCurrency)}</dd>
      </div>
      <div>
        <dt>Ours</dt>
        <dd>${amount(exception.oursMinor, exception.oursCurrency)}</dd>
      </div>
      <div>
        <dt>Moved</dt>
        <dd>${momentOr(exception.movedAt, '–')}</dd>
      </div>
    </dl>
    <p class="lead">${detail}</p>
    ${
      resolvedAt === null
        ? html`<p>Say what became of it. It moves no money.</p>
            <form method="post" action="/ops/statement-exceptions/${id}">
              ${hiddenToken(c)} ${reasonField({ isMissing })}
              <p class="actions"><button class="main">Resolve</button> <a href="${back}">Leave it open</a></p>
            </form>`
        : html`<p class="notice good">${resolution}</p>
            <p><a href="${back}">Back to the settlement file</a></p>`
    }
  </div>`;
  return document(c, { title: 'Settlement exception', body });
}
