import type { WorkFilter } from '../../db/operators/index.ts';
import { typed, uuidOf } from './query.ts';
import { kindsOf } from './views/work-kinds.ts';

/** The filter of the list of what is stuck, as its form and its addresses write it. */
export interface StuckQuery {
  readonly kind?: string | undefined;
  readonly older?: string | undefined;
  readonly min?: string | undefined;
  readonly currency?: string | undefined;
  readonly error?: string | undefined;
  readonly order?: string | undefined;
}

export const AGES = [
  ['60', 'over an hour'],
  ['0', 'any age'],
  ['360', 'over 6 hours'],
  ['1440', 'over a day'],
  ['10080', 'over a week'],
] as const;
const [[DEFAULT_AGE]] = AGES;

export function readStuckQuery(field: (name: string) => string | undefined): StuckQuery {
  const kind = typed(field('kind'));
  return {
    ...(kindsOf(kind) !== undefined && { kind }),
    older: AGES.find(([minutes]) => minutes === field('older'))?.[0] ?? DEFAULT_AGE,
    min: wholeOrNone(field('min')),
    currency: typed(field('currency'))?.toUpperCase(),
    error: typed(field('error')),
    order: uuidOf(field('order')) ?? undefined,
  };
}

const wholeOrNone = (text: string | undefined) => {
  const amountMinor = Number(typed(text));
  return Number.isSafeInteger(amountMinor) && amountMinor > 0 ? String(amountMinor) : undefined;
};

export const workFilterOf = (query: StuckQuery): WorkFilter => ({
  olderThanMinutes: Number(query.older),
  kinds: kindsOf(query.kind),
  minAmountMinor: query.min === undefined ? undefined : Number(query.min),
  currency: query.currency,
  error: query.error,
  orderId: query.order,
});
