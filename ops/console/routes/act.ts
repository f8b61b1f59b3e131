import type { Context, Handler } from 'hono';
import { VezaError } from '../../../domain/errors.ts';
import { ACTION_NAMES, type ActionName, titleOf } from '../../../operations/titles.ts';
import type { ActionAsk } from '../../../operations/row-kind.ts';
import { type Performed, performAction, type Preview, previewAction } from '../../../operations/perform.ts';
import { actOf } from '../act-of.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { readForm } from '../form.ts';
import { money } from '../format.ts';
import { html } from '../html.ts';
import { document, hiddenToken } from '../layout.ts';
import { choice } from '../query.ts';
import { storyPath, subjectLink } from '../views/links.ts';
import { reasonField } from '../views/reason-field.ts';
import { badge } from '../views/status.ts';
import { showAwaiting } from './approval.ts';

/** What an action would do, and the form that has it done. */
export const showAction =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const ask = askOf((name) => c.req.query(name));
    return c.html(previewPage(c, ask, await previewAction(deps, ask, c.var.session.caller.userId)));
  };

/** Does it, for a reason, to what is still as it was shown. */
export const doAction =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const form = await readForm(c, deps);
    const ask = askOf(form.text);
    const act = actOf(c, deps, form.text('reason'));
    const again = async (problem: Problem) =>
      c.html(
        previewPage(c, ask, await previewAction(deps, ask, c.var.session.caller.userId), {
          ...problem,
          reason: form.text('reason'),
        }),
        problem.status,
      );
    if (act === null) return again({ status: 422 });
    try {
      const result = await performAction(deps, ask, act, { seen: form.text('seen') });
      if ('awaitsApproval' in result) return c.html(showAwaiting(c, result.awaitsApproval), 202);
      return c.html(donePage(c, ask, result.done));
    } catch (error) {
      if (!(error instanceof VezaError) || error.code !== 'preview_outdated') throw error;
      return again({ status: 409, notice: error.detail });
    }
  };

function askOf(field: (name: string) => string | undefined): ActionAsk {
  const known = choice(ACTION_NAMES, field('action'));
  const subject = field('subject');
  if (known === undefined || subject === undefined) {
    throw new VezaError('action_unknown', 'There is no such action.');
  }
  const amount = field('amount') ?? '';
  const params: Part = {
    // What is no whole number is judged with the rest, and refused by its name.
    ...(amount !== '' && { amount: /^\d{1,16}$/.test(amount) ? Number(amount) : amount }),
    ...(field('end_access') === 'on' && { endAccess: true }),
  };
  return { action: known, subject, ...(Object.keys(params).length > 0 && { params }) };
}

/** What of a purchase is refunded; without an amount all that is left. */
interface Part {
  readonly amount?: number | string;
  readonly endAccess?: true;
}

/** As it was asked for. */
const partOf = ({ params }: ActionAsk): Part => (params as Part | undefined) ?? {};

/** Actions that may be on a part, and what of a subscription that has more to decide. */
const ON_A_PART: readonly ActionName[] = ['refund', 'refund_invoice'];
const MAY_END_ACCESS: readonly ActionName[] = ['refund_invoice'];

interface Problem {
  readonly status: 409 | 422;
  /** Absent: there is no reason. */
  readonly notice?: string;
  readonly reason?: string;
}

function previewPage(c: Context<ConsoleEnv>, ask: ActionAsk, preview: Preview, problem?: Problem) {
  const { subject, statusNow, money: at, effect, refusal, needsSecondAdmin, seen } = preview;
  const part = partOf(ask);
  const body = html`<div class="card act">
    ${problem?.notice !== undefined && html`<p class="notice warn" role="alert">${problem.notice}</p>`}
    <dl class="facts">
      <div>
        <dt>On</dt>
        <dd>${subjectLink(subject)}</dd>
      </div>
      <div>
        <dt>Now</dt>
        <dd>${badge(statusNow)}</dd>
      </div>
      <div>
        <dt>Amount</dt>
        <dd>${at === null ? 'none' : money(at.amountMinor, at.currency)}</dd>
      </div>
    </dl>
    ${ON_A_PART.includes(ask.action) && partForm(ask)}
    ${
      refusal === null
        ? html`<p class="lead">${effect}</p>
            ${needsSecondAdmin && html`<p class="notice busy">${at === null ? 'One admin alone cannot do this' : 'Above the limit of one admin, with what you decided on in the last 24 hours'}: it is done once a second admin approves.</p>`}
            <form method="post" action="/ops/act">
              ${hiddenToken(c)}
              <input type="hidden" name="action" value="${ask.action}" />
              <input type="hidden" name="subject" value="${subject}" />
              <input type="hidden" name="seen" value="${seen}" />
              ${part.amount !== undefined && html`<input type="hidden" name="amount" value="${part.amount}" />`}
              ${part.endAccess && html`<input type="hidden" name="end_access" value="on" />`}
              ${reasonField({
                ...(problem?.reason !== undefined && { value: problem.reason }),
                isMissing: problem !== undefined && problem.notice === undefined,
              })}
              <p class="actions">
                <button class="main">
                  ${needsSecondAdmin ? 'Ask a second admin' : titleOf(ask.action).title}
                </button>
                <a href="${storyPath(subject)}">Leave it as it is</a>
              </p>
            </form>`
        : html`<p class="notice warn">${refusal.detail} <code>${refusal.code}</code></p>
            <p><a href="${storyPath(subject)}">Back to it</a></p>`
    }
  </div>`;
  return document(c, { title: titleOf(ask.action).title, body });
}

/** For another amount than all that is left: what that would do is shown first. */
const partForm = (ask: ActionAsk) =>
  html`<form method="get" action="/ops/act">
    <input type="hidden" name="action" value="${ask.action}" />
    <input type="hidden" name="subject" value="${ask.subject}" />
    <div class="field">
      <label for="amount">Amount, in the currency’s minor unit</label>
      <input
        id="amount"
        name="amount"
        inputmode="numeric"
        value="${partOf(ask).amount ?? ''}"
        aria-describedby="amount-help"
      />
      <p id="amount-help" class="help">Empty: all that is left.</p>
    </div>
    ${
      MAY_END_ACCESS.includes(ask.action) &&
      html`<div class="field">
        <label
          ><input type="checkbox" name="end_access" ${partOf(ask).endAccess ? html`checked` : null} />
          <span>End the subscription with it, also where it is a part</span></label
        >
      </div>`
    }
    <p class="actions"><button>Show what it would do</button></p>
  </form>`;

function donePage(c: Context<ConsoleEnv>, { action }: ActionAsk, { now, note }: Performed) {
  const body = html`<div class="card act">
    <p class="notice good" role="status">Done, and written into the audit log.</p>
    ${note !== null && html`<p>${note}</p>`}
    <dl class="facts">
      <div>
        <dt>On</dt>
        <dd>${subjectLink(now.subject)}</dd>
      </div>
      <div>
        <dt>Now</dt>
        <dd>${badge(now.status)}</dd>
      </div>
    </dl>
    <p class="actions">
      <a class="button" href="${storyPath(now.subject)}">See its story</a
      ><a href="/ops/stuck">What else is stuck</a>
    </p>
  </div>`;
  return document(c, { title: `${titleOf(action).title}: done`, body });
}
