import type { OutcomeKind, Outcomes } from '../../../db/operators/index.ts';
import { count } from '../format.ts';
import type { Html } from '../html.ts';
import { table } from '../views/table.ts';
import { gauge } from './gauge.ts';

const NAMES: Readonly<Record<OutcomeKind, string>> = {
  payment: 'Payments of orders',
  refund: 'Refunds',
  transfer: 'Transfers to sellers',
  reversal: 'Reversals of transfers',
  charge: 'Payments of invoices',
  webhook: 'Webhooks handed on',
};

/** Of what has ended: how much of it well. What is still open counts on neither side. */
export function successRates(outcomes: readonly Outcomes[], span: string): Html {
  return table({
    caption: `Success rates of ${span}`,
    columns: [
      { title: 'Begun', cell: ({ kind }) => NAMES[kind] },
      { title: 'Rate', cell: rateOf, isNumber: true },
      { title: 'Succeeded', cell: ({ succeeded }) => count(succeeded), isNumber: true },
      { title: 'Failed', cell: ({ failed }) => count(failed), isNumber: true },
      { title: 'Open', cell: ({ open }) => count(open), isNumber: true },
      { title: 'Shares', cell: sharesOf },
    ],
    rows: outcomes,
    empty: '',
  });
}

function rateOf({ succeeded, failed }: Outcomes): string {
  const ended = succeeded + failed;
  if (ended === 0) return '–';
  // Never 100.0 % while one has failed.
  const permille = Math.floor((succeeded / ended) * 1000);
  return `${(permille / 10).toFixed(1)} %`;
}

function sharesOf({ succeeded, failed, open }: Outcomes): Html {
  const all = Math.max(succeeded + failed + open, 1);
  return gauge([
    { share: succeeded / all, tone: 'good' },
    { share: failed / all, tone: 'bad' },
    { share: open / all, tone: 'plain' },
  ]);
}
