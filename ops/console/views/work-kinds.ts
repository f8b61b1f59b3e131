import { PERSON_KINDS, STUCK_KINDS, type WorkKind } from '../../../db/operators/index.ts';

/** One row of the kind, and many. */
export const WORK_NAMES: Readonly<Record<WorkKind, { readonly one: string; readonly many: string }>> = {
  order: { one: 'Unpaid order', many: 'Unpaid orders' },
  refund: { one: 'Refund at the PSP', many: 'Refunds waiting for the PSP' },
  orphan: { one: 'Orphan refund', many: 'Refunds that the PSP may not have' },
  transfer: { one: 'Transfer', many: 'Transfers under way' },
  reversal: { one: 'Reversal', many: 'Reversals under way' },
  payout: { one: 'Payout', many: 'Payouts under way' },
  webhook: { one: 'Webhook', many: 'Webhooks not handed on' },
  failed_transfer: { one: 'Transfer that gave up', many: 'Transfers that gave up' },
  failed_reversal: { one: 'Reversal that gave up', many: 'Reversals that gave up' },
  flag: { one: 'Flag', many: 'Flags that nobody has cleared' },
  approval: { one: 'Approval', many: 'Actions that wait for a second admin' },
};

/** Kinds that are asked for together. */
const GROUPS: Readonly<Record<string, readonly WorkKind[]>> = { person: PERSON_KINDS, open: STUCK_KINDS };

/** What the filter offers. */
export const KIND_OPTIONS: readonly (readonly [value: string, title: string])[] = [
  ['', 'everything'],
  ['person', 'what needs a person'],
  ['open', 'what has been open for long'],
  ...Object.entries(WORK_NAMES).map(([kind, { many }]) => [kind, many] as const),
];

/** The kinds of an option; undefined where it leaves that open. */
export function kindsOf(option: string | undefined): readonly WorkKind[] | undefined {
  if (option === undefined) return undefined;
  return GROUPS[option] ?? (isKind(option) ? [option] : undefined);
}

const isKind = (option: string): option is WorkKind => Object.hasOwn(WORK_NAMES, option);
