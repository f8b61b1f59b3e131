import { AGE_ENDS_MS, type OpenMoney } from '../../../db/operators/index.ts';
import { count, duration } from '../format.ts';
import { html, type Html } from '../html.ts';
import { table } from '../views/table.ts';
import type { Tone } from '../views/status.ts';
import { columns } from './columns.ts';

const TONES: readonly Tone[] = ['good', 'busy', 'busy', 'warn', 'bad', 'bad'];

/** How old what is under way is: a healthy system has all of it on the left. */
export function agesOfOpen(open: readonly OpenMoney[]): Html {
  const parts = [...AGE_ENDS_MS, Number.POSITIVE_INFINITY].map((endMs, index) => ({
    label: labelOf(endMs, index),
    value: open.filter(({ ageIndex }) => ageIndex === index).reduce((sum, part) => sum + part.count, 0),
    tone: TONES[index] ?? 'bad',
  }));
  return html`${columns('Rows under way by age', parts)}
    <details>
      <summary>As a table</summary>
      ${table({
        caption: 'Rows under way by age',
        columns: [
          { title: 'Age', cell: ({ label }) => label },
          { title: 'Rows', cell: ({ value }) => count(value), isNumber: true },
        ],
        rows: parts,
        empty: '',
      })}
    </details>`;
}

function labelOf(endMs: number, index: number): string {
  const beginMs = AGE_ENDS_MS[index - 1];
  if (beginMs === undefined) return `< ${duration(endMs)}`;
  return endMs === Number.POSITIVE_INFINITY ? `> ${duration(beginMs)}` : `< ${duration(endMs)}`;
}
