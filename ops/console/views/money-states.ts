import type { OpenMoney } from '../../../db/operators/index.ts';
import { STUCK } from '../../../operations/index.ts';
import type { MoneyState } from '../../../operations/row-kind.ts';

/** Each state of money under way, in the order of money's way. */
export const MONEY_STATES: readonly MoneyState[] = Object.values(STUCK).flatMap(({ money }) => money ?? []);

/** In which of them it is. */
export function moneyStateOf({ kind, status }: Pick<OpenMoney, 'kind' | 'status'>): MoneyState | undefined {
  const { money = [] } = STUCK[kind];
  return money.find((state) => state.status === status) ?? money.find((state) => state.status === undefined);
}
