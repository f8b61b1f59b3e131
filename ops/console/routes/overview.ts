import type { Handler } from 'hono';
import {
  sumOpenMoney,
  countOutcomes,
  PERSON_KINDS,
  sumWork,
  type WorkSum,
} from '../../../db/operators/index.ts';
import { readPlatformSetting } from '../../../db/kernel/index.ts';
import { STUCK } from '../../../operations/index.ts';
import { agesOfOpen } from '../charts/ages.ts';
import { moneyInFlight } from '../charts/money-in-flight.ts';
import { successRates } from '../charts/success-rates.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { age, count, duration, plural } from '../format.ts';
import { type Content, html, type Html } from '../html.ts';
import { document, livePart } from '../layout.ts';
import { address } from '../query.ts';
import type { Tone } from '../views/status.ts';
import { engineNotice } from '../views/engine-notice.ts';
import { table } from '../views/table.ts';
import { atStake, totals } from '../views/totals.ts';
import { workflowLists } from '../views/workflow-lists.ts';

const DAY_HOURS = 24;
const STUCK_AFTER_MINUTES = 60;

/** What an operator asks first: is anything stuck, how much money, and is somebody looking. */
export const overviewPage =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const { db, now } = deps;
    const [stuck, open, outcomes, sweptAt, notice] = await Promise.all([
      sumWork(db, { olderThanMinutes: STUCK_AFTER_MINUTES }),
      sumOpenMoney(db),
      countOutcomes(db, DAY_HOURS),
      readPlatformSetting(db, 'last_sweep_at'),
      engineNotice(deps),
    ]);
    const [gaveUp, flags, approvals, others] = [
      stuck.filter(({ kind }) => STUCK[kind].gaveUp === true),
      stuck.filter(({ kind }) => kind === 'flag'),
      stuck.filter(({ kind }) => kind === 'approval'),
      stuck.filter(({ kind }) => !PERSON_KINDS.some((one) => one === kind)),
    ].map(rowsOf) as [number, number, number, number];
    const tiles = html`<ul class="tiles">
      ${tile(gaveUp > 0 ? 'bad' : 'good', count(gaveUp), 'transfers and reversals gave up', '/ops/stuck?kind=person')}
      ${tile(flags > 0 ? 'warn' : 'good', count(flags), 'flags are raised', '/ops/stuck?kind=flag')}
      ${tile(others > 0 ? 'warn' : 'good', count(others), 'rows have been open for an hour', '/ops/stuck?kind=open')}
      ${tile(approvals > 0 ? 'warn' : 'good', count(approvals), 'actions wait for a second admin', '/ops/approvals')}
      ${sweepTile(deps, sweptAt === null ? null : new Date(sweptAt), now())}
    </ul>`;
    const summary = `${plural(gaveUp, 'row')} gave up, ${plural(flags, 'flag')} raised, ${plural(others, 'row')} open for an hour`;
    const body = html`${livePart('tiles', summary, [notice, tiles])}
      ${livePart(
        'figures',
        '',
        html`${section('What is stuck', stuckTable(stuck, now()))}
          ${section('Money in flight', moneyInFlight(open))}
          <div class="pair">
            ${section('Ages of what is under way', agesOfOpen(open))}
            ${section('Success rates, last 24 hours', successRates(outcomes, 'the last 24 hours'))}
          </div>`,
      )}
      <p><a class="button" href="/ops/reconcile">Run the reconciliation…</a></p>
      ${section('Lists in Temporal’s UI', workflowLists(deps.temporalUi))}`;
    return c.html(document(c, { title: 'Overview', body, isLive: true }));
  };

const rowsOf = (sums: readonly WorkSum[]) => sums.reduce((sum, one) => sum + one.count, 0);

const section = (title: string, content: Content): Html =>
  html`<section aria-label="${title}">
    <h2>${title}</h2>
    ${content}
  </section>`;

const stuckTable = (stuck: readonly WorkSum[], now: Date): Html =>
  html`${table({
    caption: 'What is stuck, by kind',
    columns: [
      {
        title: 'Kind',
        cell: ({ kind }) => html`<a href="${address('/ops/stuck', { kind })}">${STUCK[kind].many}</a>`,
      },
      { title: 'Rows', cell: (sum) => count(sum.count), isNumber: true },
      { title: 'At stake', cell: (sum) => totals(sum.totals), isNumber: true },
      { title: 'Oldest', cell: ({ oldest }) => age(oldest, now), isNumber: true },
    ],
    rows: stuck,
    empty: 'Nothing is stuck.',
  })}
  ${stuck.length > 1 && html`<p class="muted">Together ${totals(atStake(stuck), 'no money')} at stake.</p>`}`;

const tile = (tone: Tone, figure: string, about: Content, href: string): Html =>
  html`<li class="${tone}">
    <a href="${href}"><strong>${figure}</strong> ${about}</a>
  </li>`;

function sweepTile({ sweepIntervalMs }: ConsoleDeps, sweptAt: Date | null, now: Date): Html {
  if (sweptAt === null) return tile('warn', 'Never', 'a sweep has not ended yet', '/ops/reconcile');
  const ageMs = now.getTime() - sweptAt.getTime();
  const isLate = ageMs > 2 * sweepIntervalMs;
  const about = isLate
    ? `since the last sweep, which is due every ${duration(sweepIntervalMs)}`
    : 'since the last sweep';
  return tile(isLate ? 'bad' : 'good', duration(ageMs), about, '/ops/reconcile');
}
