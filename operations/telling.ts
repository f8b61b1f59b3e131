import type { Money } from '../domain/kernel/index.ts';
import type { ActionAsk, StoryEvent, StoryRow, StuckRow } from './row-kind.ts';
import type { ActionName } from './titles.ts';

// What the descriptions of rows say alike.

export const moneyOf = (row: { readonly amountMinor: number; readonly currency: string }): Money => ({
  amountMinor: row.amountMinor,
  currency: row.currency,
});

/** Each action, asked of that row. */
export const asks = (subject: string, ...actions: readonly ActionName[]): ActionAsk[] =>
  actions.map((action) => ({ action, subject }));

/** What happens to a row whose workflow attempts it: by what it waits for, or by its next attempt. */
export function nextOf(
  { waitingFor, nextAttemptAt }: Pick<StuckRow, 'waitingFor' | 'nextAttemptAt'>,
  waits: Readonly<Record<string, string>>,
): string {
  const waited = waitingFor === null ? undefined : waits[waitingFor];
  if (waited !== undefined) return waited;
  return nextAttemptAt === null
    ? 'Its workflow attempts it next.'
    : 'Its workflow attempts it again at its time, until its retries are exhausted.';
}

/** The fields of a row that nothing attempts. */
export const QUIET = {
  lastError: null,
  waitingFor: null,
  nextAttemptAt: null,
  retryCount: null,
  idempotencyKey: null,
} as const satisfies Partial<StoryRow>;

/** Of a row that its workflow attempts. */
export const attemptsOf = (row: {
  readonly errorMessage: string | null;
  readonly waitingFor: string | null;
  readonly nextRetryAt: Date | null;
  readonly retryCount: number;
  readonly idempotencyKey: string | null;
}) => ({
  lastError: row.errorMessage,
  waitingFor: row.waitingFor,
  nextAttemptAt: row.nextRetryAt,
  retryCount: row.retryCount,
  idempotencyKey: row.idempotencyKey,
});

export const event = (
  at: Date,
  kind: StoryEvent['kind'],
  subject: string,
  text: string,
  more: Partial<Pick<StoryEvent, 'money' | 'by' | 'detail'>> = {},
): StoryEvent => ({ at, kind, subject, text, money: null, by: null, detail: null, ...more });

/** Nothing where it has not happened yet. */
export const eventIf = (at: Date | null, ...rest: Tail<Parameters<typeof event>>): StoryEvent[] =>
  at === null ? [] : [event(at, ...rest)];

type Tail<List extends readonly unknown[]> = List extends readonly [unknown, ...infer Rest] ? Rest : never;
