import { formatMoney } from '../../domain/kernel/index.ts';
import { html, type Html } from './html.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `3 d 4 h`, `12 min`, `5 s`: the two largest units. */
export function duration(ms: number): string {
  const spanMs = Math.max(ms, 0);
  if (spanMs < MINUTE_MS) return `${Math.floor(spanMs / 1000)} s`;
  if (spanMs < HOUR_MS) return `${Math.floor(spanMs / MINUTE_MS)} min`;
  if (spanMs < DAY_MS) return two(spanMs, HOUR_MS, 'h', MINUTE_MS, 'min');
  return two(spanMs, DAY_MS, 'd', HOUR_MS, 'h');
}

function two(ms: number, largeMs: number, large: string, smallMs: number, small: string): string {
  const rest = Math.floor((ms % largeMs) / smallMs);
  return `${Math.floor(ms / largeMs)} ${large}${rest > 0 ? ` ${rest} ${small}` : ''}`;
}

const CLOCK = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

/** A moment, in UTC: what people in two places talk about has one name. */
export const moment = (at: Date): Html =>
  html`<time datetime="${at.toISOString()}">${CLOCK.format(at)} UTC</time>`;

export const momentOr = (at: Date | null, otherwise: string): Html | string =>
  at === null ? otherwise : moment(at);

/** How long ago, with the moment itself at hand. */
export const age = (at: Date, now: Date): Html =>
  html`<time datetime="${at.toISOString()}" title="${CLOCK.format(at)} UTC"
    >${duration(now.getTime() - at.getTime())}</time
  >`;

/** How long until, or since when it is due. */
export function due(at: Date, now: Date): Html {
  const leftMs = at.getTime() - now.getTime();
  const words = leftMs > 0 ? `in ${duration(leftMs)}` : `due since ${duration(-leftMs)}`;
  return html`<time datetime="${at.toISOString()}" title="${CLOCK.format(at)} UTC">${words}</time>`;
}

export const money = (amountMinor: number, currency: string): Html =>
  html`<span class="money">${formatMoney(amountMinor, currency)}</span>`;

/** Of a row that may name no money. */
export const moneyOr = (
  { amountMinor, currency }: { readonly amountMinor: number | null; readonly currency: string | null },
  otherwise: string,
): Html | string => (amountMinor === null || currency === null ? otherwise : money(amountMinor, currency));

/** `permanently_failed` as people read it. */
export const words = (name: string): string => name.replaceAll('_', ' ');

export const count = (n: number): string => n.toLocaleString('en-GB');

export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${count(n)} ${n === 1 ? one : many}`;
