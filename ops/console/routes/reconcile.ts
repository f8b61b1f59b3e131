import type { Context, Handler } from 'hono';
import {
  sweepWorkflowId,
  type Phase,
  PHASES,
  type ReconcileReport,
} from '../../../domain/reconcile/index.ts';
import { VezaError } from '../../../domain/errors.ts';
import { runReconciliation } from '../../../operations/reconcile/index.ts';
import { actOf } from '../act-of.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { readForm } from '../form.ts';
import { count, moment, words } from '../format.ts';
import { html, type Html } from '../html.ts';
import { document, hiddenToken, livePart } from '../layout.ts';
import { uuidOf } from '../query.ts';
import { workflowLink } from '../views/links.ts';
import { reasonField } from '../views/reason-field.ts';
import { table } from '../views/table.ts';

const PHASES_ABOUT: Readonly<Record<Phase, string>> = {
  stuck_orders: 'orders that have waited for their payment for long: the PSP is asked',
  stuck_refunds: 'refunds that the PSP has accepted and not decided: it is asked',
  orphan_refunds: 'refunds that the PSP may never have received',
  lost_work: 'open rows without a running workflow: it is started again',
  ended_orders:
    'failed orders, and attempts to pay invoices, whose payment was not known to be dead: is it captured after all?',
  stuck_invoices: 'payments of invoices, and set-up payments, that are under way for long: the PSP is asked',
  overdue_subscriptions:
    'subscriptions whose time is over: their workflow is woken or started; phantoms are flagged',
  outside: 'payments that others may have done something to: the PSP’s refunds and disputes of them are read',
  inbox: 'webhooks that were stored and not handed on',
};

/** What the sweep looks at, and the form that starts one now. */
export const reconcilePage = (): Handler<ConsoleEnv> => (c) => c.html(askPage(c));

/** Starts it; its report is on the page that this leads to. */
export const startReconciliation =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const form = await readForm(c, deps);
    const phases = PHASES.filter((phase) => form.all('phase').includes(phase));
    const act = actOf(c, deps, form.text('reason'));
    if (act === null || phases.length === 0) {
      return c.html(askPage(c, { phases, isMissing: act === null, reason: form.text('reason') }), 422);
    }
    const workflowId = await runReconciliation(deps, { phases, drain: false }, act);
    return c.redirect(`/ops/${workflowId}`, 303);
  };

/** How far a sweep is, and what it found. */
export const sweepPage =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const id = uuidOf(c.req.param('id'));
    if (id === null) throw new VezaError('not_found', 'There is no such sweep.');
    const workflowId = sweepWorkflowId(id);
    const report = await deps.engine.sweepReport(workflowId, REPORT_WITHIN_MS);
    const body = html`${livePart('sweep', report === null ? 'The sweep goes on.' : 'The sweep has ended.', reportOf(report))}
      <p class="actions">
        <a class="button" href="/ops/stuck">What is stuck now</a> ${workflowLink(deps.temporalUi, workflowId)}
      </p>`;
    return c.html(document(c, { title: 'Reconciliation', body, isLive: report === null }));
  };

/** Most sweeps end within it; one that does not is looked at again. */
const REPORT_WITHIN_MS = 3_000;

function askPage(
  c: Context<ConsoleEnv>,
  {
    phases = PHASES,
    isMissing = false,
    reason = '',
  }: { phases?: readonly Phase[]; isMissing?: boolean; reason?: string } = {},
): Html {
  const body = html`<form class="card act" method="post" action="/ops/reconcile">
    ${hiddenToken(c)}
    <p class="lead">
      A sweep looks at a batch of each kind now, as the schedule does, and tells their workflows.
    </p>
    <p>
      It decides nothing about money by itself, but for refunds that neither a workflow nor the PSP knows at
      two looks: those are failed.
    </p>
    <fieldset>
      <legend>What it looks at</legend>
      ${phases.length === 0 && html`<p class="notice warn" role="alert">Choose at least one.</p>`}
      ${PHASES.map(
        (phase) =>
          html`<label
            ><input
              type="checkbox"
              name="phase"
              value="${phase}"
              ${phases.includes(phase) ? html`checked` : null}
            />
            <span>${words(phase)} <span class="muted">– ${PHASES_ABOUT[phase]}</span></span></label
          >`,
      )}
    </fieldset>
    ${reasonField({ value: reason, isMissing })}
    <p class="actions"><button class="main">Run it now</button> <a href="/ops">Leave it</a></p>
  </form>`;
  return document(c, { title: 'Run the reconciliation', body });
}

function reportOf(report: ReconcileReport | null): Html {
  if (report === null)
    return html`<p class="notice busy">It is under way, and goes on without this page.</p>`;
  if (report.off !== null) return html`<p class="notice warn">There is no sweep here: ${report.off}.</p>`;
  const rows = PHASES.flatMap((phase) => {
    const found = report.phases[phase];
    return found === undefined ? [] : [{ phase, ...found }];
  });
  return html`<p class="muted">Started ${moment(new Date(report.startedAt))}.</p>
    ${report.engineRebuilt && html`<p class="notice warn">Temporal was rebuilt: all open work is started again.</p>`}
    <section>
      ${table({
        caption: 'What the sweep found',
        columns: [
          { title: 'Looked at', cell: ({ phase }) => words(phase) },
          { title: 'Rows', cell: ({ seen }) => count(seen), isNumber: true },
          { title: 'Told', cell: ({ synced }) => count(synced), isNumber: true },
          { title: 'Left', cell: ({ left }) => count(left), isNumber: true },
          { title: 'Failed', cell: ({ failed }) => count(failed), isNumber: true },
          {
            title: 'Why',
            cell: ({ why }) =>
              Object.entries(why)
                .map(([word, times]) => `${words(word)} ${count(times)}`)
                .join(', ') || '–',
          },
        ],
        rows,
        empty: 'Nothing.',
      })}
    </section>`;
}
