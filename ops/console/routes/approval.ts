import type { Context, Handler } from 'hono';
import { readApproval, type Approval } from '../../../db/approvals/index.ts';
import { VezaError } from '../../../domain/errors.ts';
import { isUntold } from '../../../domain/approvals/index.ts';
import { approve, reject } from '../../../operations/approvals.ts';
import { keyToKeepOf } from '../../../operations/accounts/index.ts';
import { actOf } from '../act-of.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { readForm } from '../form.ts';
import { due, moment, momentOr, moneyOr } from '../format.ts';
import { html, type Html } from '../html.ts';
import { document, hiddenToken } from '../layout.ts';
import { uuidOf } from '../query.ts';
import { actionTitle } from '../views/action-names.ts';
import { subjectLink } from '../views/links.ts';
import { reasonField } from '../views/reason-field.ts';
import { badge } from '../views/status.ts';

/** One action that waits for a second admin, or waited. */
export const approvalPage =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) =>
    c.html(decisionPage(c, deps, await approvalOf(c, deps)));

/** A second admin agrees, or somebody says no. */
export const decide =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const { id } = await approvalOf(c, deps);
    const form = await readForm(c, deps);
    const act = actOf(c, deps, form.text('reason'));
    if (act === null)
      return c.html(decisionPage(c, deps, await approvalOf(c, deps), { isMissing: true }), 422);
    if (form.text('decision') === 'reject') {
      return c.html(decidedPage(c, await reject(deps, id, act), null));
    }
    const { approval, note } = await approve(deps, id, act);
    return c.html(decidedPage(c, approval, note));
  };

async function approvalOf(c: Context<ConsoleEnv>, { db }: ConsoleDeps): Promise<Approval> {
  const id = uuidOf(c.req.param('id'));
  const approval = id === null ? null : await readApproval(db, id);
  if (approval === null) throw new VezaError('approval_not_found', 'There is no such approval.');
  return approval;
}

function decisionPage(
  c: Context<ConsoleEnv>,
  { now }: ConsoleDeps,
  approval: Approval,
  { isMissing = false }: { isMissing?: boolean } = {},
): Html {
  const isOwn = approval.requestedBy === c.var.session.caller.userId;
  const isOpen = approval.status === 'pending' && approval.expiresAt > now();
  const body = html`<div class="card act">
    ${factsOf(approval)}
    <p class="lead">${approval.reason}</p>
    ${
      isOpen &&
      html`${isOwn && html`<p class="notice busy">You asked for it: another admin has to agree. You may take it back.</p>`}
        <p class="muted">It can be decided on ${due(approval.expiresAt, now())} at the latest.</p>
        <form method="post" action="/ops/approvals/${approval.id}">
          ${hiddenToken(c)} ${reasonField({ isMissing })}
          <p class="actions">
            ${!isOwn && html`<button class="main" name="decision" value="approve">Approve and do it</button>`}
            <button name="decision" value="reject">${isOwn ? 'Take it back' : 'Reject'}</button>
          </p>
        </form>`
    }
    ${!isOpen && html`<p>${approval.note}</p>`}
    ${
      isUntold(approval, now().getTime()) &&
      html`<p class="notice busy">It is done, but the engine was not told of it.</p>
        <form method="post" action="/ops/approvals/${approval.id}">
          ${hiddenToken(c)} ${reasonField({ isMissing })}
          <p class="actions">
            <button class="main" name="decision" value="approve">Tell the engine</button>
          </p>
        </form>`
    }
  </div>`;
  return document(c, { title: `${actionTitle(approval.action)}: second admin`, body });
}

/** What a key for somebody else would be. */
function keyFacts(approval: Approval): readonly (readonly [string, Html | string])[] {
  const key = keyToKeepOf(approval);
  if (key === null) return [];
  return [
    ['Acts as', html`<code>${key.userId}</code>`],
    ['Name', key.name],
    ['Scopes', key.scopes.join(', ')],
    ['Expires', momentOr(key.expiresAt, 'never')],
  ];
}

const factsOf = (approval: Approval): Html =>
  html`<dl class="facts">
    ${keyFacts(approval).map(
      ([name, fact]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${fact}</dd>
        </div>`,
    )}
    <div>
      <dt>On</dt>
      <dd>${subjectLink(approval.subject)}</dd>
    </div>
    <div>
      <dt>Amount</dt>
      <dd>${moneyOr(approval, 'none')}</dd>
    </div>
    <div>
      <dt>Status</dt>
      <dd>${badge(approval.status)}</dd>
    </div>
    <div>
      <dt>Asked by</dt>
      <dd><code>${approval.requestedBy}</code></dd>
    </div>
    <div>
      <dt>Asked</dt>
      <dd>${moment(approval.requestedAt)}</dd>
    </div>
    <div>
      <dt>Decided</dt>
      <dd>
        ${momentOr(approval.decidedAt, 'not yet')}
        ${approval.decidedBy !== null && html`<span class="sub"><code>${approval.decidedBy}</code></span>`}
      </dd>
    </div>
  </dl>`;

function decidedPage(c: Context<ConsoleEnv>, approval: Approval, note: string | null): Html {
  const isDone = approval.status === 'approved';
  const body = html`<div class="card act">
    <p class="notice ${isDone ? 'good' : 'plain'}" role="status">
      ${isDone ? 'Approved and done; both of you are in the audit log.' : 'Nothing is done; that is in the audit log.'}
    </p>
    ${note !== null && html`<p>${note}</p>`} ${factsOf(approval)}
    <p><a class="button" href="/ops/approvals">What else waits</a></p>
  </div>`;
  return document(c, { title: `${actionTitle(approval.action)}: ${approval.status}`, body });
}

/** What the admin who asked sees. */
export function showAwaiting(c: Context<ConsoleEnv>, approval: Approval): Html {
  const body = html`<div class="card act">
    <p class="notice busy" role="status">A second admin has to approve it. Nothing has been done yet.</p>
    ${factsOf(approval)}
    <p><a class="button" href="/ops/approvals/${approval.id}">See it among the approvals</a></p>
  </div>`;
  return document(c, { title: `${actionTitle(approval.action)}: asked for`, body });
}
