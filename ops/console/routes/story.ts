import type { Handler } from 'hono';
import { readStory, type Story } from '../../../operations/story.ts';
import type { StoryEvent, StoryRow } from '../../../operations/row-kind.ts';
import { STORY_TITLES, type StoryKind } from '../../../operations/titles.ts';
import { parseSubject } from '../../../domain/kernel/index.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { due, moment, money, plural, words } from '../format.ts';
import { html, type Html } from '../html.ts';
import { document, livePart } from '../layout.ts';
import { engineNotice } from '../views/engine-notice.ts';
import { actionLinks, subjectLink, workflowLink } from '../views/links.ts';
import { badge, type Tone, toneOf } from '../views/status.ts';
import { table } from '../views/table.ts';
import { totals } from '../views/totals.ts';

/** One row's whole story: how all that belongs to it stands now, and what happened, in order of time. */
export const storyPage =
  (deps: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const [story, notice] = await Promise.all([
      readStory(deps.db, `${c.req.param('kind')}/${c.req.param('id')}`),
      engineNotice(deps),
    ]);
    const own = story.rows.find(({ subject }) => subject === story.subject);
    const kind = parseSubject(story.subject)?.kind ?? 'row';
    const summary = `${plural(story.events.length, 'event')}${own === undefined ? '' : `, ${words(own.status)}`}`;
    const body = livePart('story', summary, [
      notice,
      own !== undefined && standing(deps, own),
      rowsOfOrder(deps, story),
      html`<section aria-labelledby="happened">
        <h2 id="happened">What happened</h2>
        ${timeline(story)}
      </section>`,
    ]);
    return c.html(document(c, { title: `${kind[0]?.toUpperCase()}${kind.slice(1)}`, body, isLive: true }));
  };

/** How the row itself stands, and what may be done. */
function standing({ temporalUi, now }: ConsoleDeps, row: StoryRow): Html {
  const {
    subject,
    status,
    money: at,
    lastError,
    waitingFor,
    nextAttemptAt,
    retryCount,
    providerId,
    idempotencyKey,
    workflowId = subject,
  } = row;
  const facts: readonly (readonly [string, Html | string | null])[] = [
    ['Id', html`<code>${subject}</code>`],
    ['Status', badge(status)],
    ['Amount', at === null ? null : money(at.amountMinor, at.currency)],
    ['Waits for', waitingFor === null ? null : words(waitingFor)],
    ['Next attempt', nextAttemptAt === null ? null : due(nextAttemptAt, now())],
    ['Retries', retryCount === null ? null : String(retryCount)],
    ['At the provider', providerId === null ? null : html`<code>${providerId}</code>`],
    ['Idempotency key', idempotencyKey === null ? null : html`<code>${idempotencyKey}</code>`],
    ['Last error', lastError],
  ];
  const workflow = workflowLink(temporalUi, workflowId);
  return html`<section aria-label="How it stands">
    <dl class="facts">
      ${facts.map(
        ([name, fact]) =>
          fact !== null &&
          html`<div>
            <dt>${name}</dt>
            <dd>${fact}</dd>
          </div>`,
      )}
    </dl>
    <ul class="actions">
      ${actionLinks(row.actions, 'button')} ${workflow !== null && html`<li>${workflow}</li>`}
    </ul>
  </section>`;
}

/** All that belongs to the same order, where that is more than the row itself. */
function rowsOfOrder({ temporalUi }: ConsoleDeps, { rows, subject: asked, orderId }: Story): Html | null {
  const others = rows.filter(({ subject }) => subject !== asked);
  if (others.length === 0) return null;
  return html`<section aria-labelledby="rows">
    <h2 id="rows">${orderId === null ? 'What it is about' : 'What belongs to the same order'}</h2>
    ${table({
      caption: 'Rows as they stand now',
      columns: [
        { title: 'Row', cell: nameOf },
        { title: 'Status', cell: ({ status }) => badge(status) },
        { title: 'Amount', cell: (row) => totals(row.money === null ? [] : [row.money]), isNumber: true },
        { title: 'Last error', cell: ({ lastError }) => html`<span class="said">${lastError ?? '–'}</span>` },
        {
          title: 'What you may do',
          cell: ({ actions, subject, workflowId = subject }) =>
            html`<ul class="actions">
              ${actionLinks(actions)}
              ${[workflowLink(temporalUi, workflowId)].map((link) => link !== null && html`<li>${link}</li>`)}
            </ul>`,
        },
      ],
      rows: others,
      empty: '',
    })}
  </section>`;
}

/** A dispute has no story of its own: it stands in its order's. */
const nameOf = ({ kind, subject, providerId }: StoryRow): Html =>
  kind === 'dispute' ? html`dispute <code>${providerId}</code>` : subjectLink(subject);

const timeline = ({ events, subject }: Story): Html =>
  events.length === 0
    ? html`<p class="empty">Nothing is known of it.</p>`
    : html`<ol class="story">
        ${events.map((event) => happened(event, subject))}
      </ol>`;

function happened({ at, kind, subject, text, money: amount, by, detail }: StoryEvent, asked: string): Html {
  return html`<li class="${toneOfEvent(kind, text)}">
    ${moment(at)}
    <p>
      <span class="kind">${STORY_TITLES[kind]}</span> ${text}
      ${amount !== null && money(amount.amountMinor, amount.currency)}
    </p>
    <p class="sub">
      ${subject !== asked && subjectLink(subject)} ${by !== null && html`by <code>${by}</code>`}
    </p>
    ${
      detail !== null &&
      html`<details>
        <summary>Show more<span class="unseen"> of: ${text}</span></summary>
        <pre>${JSON.stringify(detail, null, 2)}</pre>
      </details>`
    }
  </li>`;
}

/** By what it says: colours only help to find what went wrong. */
function toneOfEvent(kind: StoryKind, text: string): Tone {
  if (kind === 'flag') return 'warn';
  if (kind === 'audit' || kind === 'ledger') return 'plain';
  if (/failed|refused|disputes|written off/i.test(text)) return 'bad';
  if (/succeeded|complete|sent it|money is back|paid as/i.test(text)) return 'good';
  return toneOf(kind === 'webhook' ? 'ignored' : 'pending');
}
