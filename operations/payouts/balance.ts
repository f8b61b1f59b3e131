import { debtMinor, lockDebt, readBalanceStory, resolveDebt } from '../../db/payouts/index.ts';
import { effectOf } from '../../domain/kernel/index.ts';
import { balanceSubject, DEBT_ACTIONS } from '../../domain/payouts/index.ts';
import { reasonOf } from '../acting.ts';
import { ledgerEvents } from '../ledger/index.ts';
import type { RowAction, RowKind, StoryRow } from '../row-kind.ts';
import { asks, QUIET } from '../telling.ts';

type Balance = NonNullable<Awaited<ReturnType<typeof lockDebt>>>;

const standingOf = (debt: Balance | null) =>
  debt === null
    ? { status: 'settled', money: null }
    : { status: 'owed', money: { amountMinor: debtMinor(debt), currency: debt.currency } };

const resolveAs = (resolution: keyof typeof DEBT_ACTIONS): RowAction<null, null> => ({
  action: resolution,
  kind: 'balance',
  refusals: ['balance_not_found', 'debt_not_resolvable'],
  snapshot: async (tx, userId) => standingOf(await lockDebt(tx, userId)),
  async act(tx, userId, act) {
    const left = await resolveDebt(tx, { userId, resolution, ...act, reason: reasonOf(act) });
    const { status } = standingOf(left);
    return { done: null, now: { subject: balanceSubject(userId), status }, work: null };
  },
  // Nothing waits for it but an erasing, which looks again by itself.
  notify: async () => null,
  describeEffect: (standing) => effectOf(DEBT_ACTIONS[resolution], standing),
});

/** What a seller has and owes: a debt that stays is for a person to end, one currency after the other. */
export const balance: RowKind = {
  kind: 'balance',
  hasWorkflow: false,
  actions: [resolveAs('settled_outside'), resolveAs('written_off')],
  async story(db, userId) {
    const found = await readBalanceStory(db, userId);
    if (found === null) return null;
    const subject = balanceSubject(userId);
    const debts = found.balances.filter((row) => debtMinor(row) > 0);
    return {
      orderId: null,
      rows: () =>
        debts.length === 0 ? [balanceRow(subject, null)] : debts.map((row) => balanceRow(subject, row)),
      events: ledgerEvents(found.entries),
      about: [],
      subjects: [subject],
    };
  },
};

const balanceRow = (subject: string, debt: Balance | null): StoryRow => ({
  ...QUIET,
  kind: 'balance',
  subject,
  ...standingOf(debt),
  providerId: null,
  actions: debt === null ? [] : asks(subject, 'settled_outside', 'written_off'),
});
