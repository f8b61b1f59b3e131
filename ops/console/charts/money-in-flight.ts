import type { OpenMoney } from '../../../db/operators/index.ts';
import type { MoneyState } from '../../../operations/row-kind.ts';
import { count, money } from '../format.ts';
import type { Html } from '../html.ts';
import { MONEY_STATES, moneyStateOf } from '../views/money-states.ts';
import { table } from '../views/table.ts';
import { gauge } from './gauge.ts';

interface Sum {
  readonly state: MoneyState;
  readonly currency: string;
  readonly count: number;
  readonly amountMinor: number;
}

/** Money in flight by state, a currency at a time: amounts of two currencies have no common scale. */
export function moneyInFlight(open: readonly OpenMoney[]): Html {
  const currencies = [...new Set(open.map(({ currency }) => currency))].toSorted();
  const sums = currencies.flatMap((currency) =>
    MONEY_STATES.map((state) => sumOf(open, state, currency)).filter((sum) => sum.count > 0),
  );
  const most = (currency: string) =>
    Math.max(...sums.filter((sum) => sum.currency === currency).map(({ amountMinor }) => amountMinor), 1);
  return table({
    caption: 'Money in flight, by state and currency',
    columns: [
      { title: 'State', cell: ({ state }) => state.name },
      { title: 'Rows', cell: (sum) => count(sum.count), isNumber: true },
      { title: 'Amount', cell: (sum) => money(sum.amountMinor, sum.currency), isNumber: true },
      {
        title: 'Of the largest',
        cell: ({ state, currency, amountMinor }) =>
          gauge([{ share: amountMinor / most(currency), tone: state.tone }]),
      },
    ],
    rows: sums,
    empty: 'No money is under way.',
  });
}

function sumOf(open: readonly OpenMoney[], state: MoneyState, currency: string): Sum {
  const parts = open.filter((part) => moneyStateOf(part) === state && part.currency === currency);
  return {
    state,
    currency,
    count: parts.reduce((sum, part) => sum + part.count, 0),
    amountMinor: parts.reduce((sum, part) => sum + part.amountMinor, 0),
  };
}
