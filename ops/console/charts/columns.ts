import { count } from '../format.ts';
import { html, type Html } from '../html.ts';
import type { Tone } from '../views/status.ts';

export interface ChartColumn {
  readonly label: string;
  readonly value: number;
  readonly tone: Tone;
}

const COLUMN_WIDTH = 62;
const BAR_WIDTH = 40;
const HEIGHT = 120;
const LABEL_HEIGHT = 24;
const VALUE_HEIGHT = 22;

/** Columns with their values on top. `title` names it, and the figures are read out with it. */
export function columns(title: string, parts: readonly ChartColumn[]): Html {
  const most = Math.max(...parts.map(({ value }) => value), 1);
  const width = parts.length * COLUMN_WIDTH;
  const bottom = VALUE_HEIGHT + HEIGHT;
  const readOut = `${title}: ${parts.map(({ label, value }) => `${label}: ${count(value)}`).join('; ')}`;
  return html`<svg
    class="chart"
    viewBox="0 0 ${width} ${bottom + LABEL_HEIGHT}"
    role="img"
    aria-label="${readOut}"
  >
    <line x1="0" x2="${width}" y1="${bottom}" y2="${bottom}" />
    ${parts.map(({ label, value, tone }, index) => {
      const middle = index * COLUMN_WIDTH + COLUMN_WIDTH / 2;
      // A single row among thousands still shows.
      const height = value === 0 ? 0 : Math.max(Math.round((value / most) * HEIGHT), 2);
      return html`<rect
          class="fill-${tone}"
          x="${middle - BAR_WIDTH / 2}"
          y="${bottom - height}"
          width="${BAR_WIDTH}"
          height="${height}"
          rx="3"
        />
        <text class="value" x="${middle}" y="${bottom - height - 6}">${count(value)}</text>
        <text x="${middle}" y="${bottom + 18}">${label}</text>`;
    })}
  </svg>`;
}
