import type { WorkSum } from '../../../db/operators/index.ts';
import type { Money } from '../../../domain/kernel/index.ts';
import { STUCK } from '../../../operations/index.ts';
import { money } from '../format.ts';
import { type Content, html } from '../html.ts';

/** Amounts of several currencies, one after the other; `none` where there are none. */
export const totals = (amounts: readonly Money[], none = '–'): Content =>
  amounts.length === 0
    ? none
    : amounts.map(
        ({ amountMinor, currency }, index) => html`${index > 0 && ', '}${money(amountMinor, currency)}`,
      );

/** All that is at stake, each row once. */
export function atStake(sums: readonly WorkSum[]): Money[] {
  const own = sums.filter(({ kind }) => STUCK[kind].isAboutOthers !== true);
  return addUp((own.length > 0 ? own : sums).flatMap((sum) => sum.totals));
}

/** Adds up, a currency at a time. */
function addUp(amounts: readonly Money[]): Money[] {
  const sums = new Map<string, number>();
  for (const { currency, amountMinor } of amounts) {
    sums.set(currency, (sums.get(currency) ?? 0) + amountMinor);
  }
  return [...sums].map(([currency, amountMinor]) => ({ currency, amountMinor }));
}
