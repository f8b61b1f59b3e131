import { html, type Html } from '../html.ts';
import type { Tone } from '../views/status.ts';

export interface Slice {
  /** Of the whole, from 0 to 1. */
  readonly share: number;
  readonly tone: Tone;
}

const WIDTH = 1000;

/** A bar of slices. What it shows stands in figures beside it, so it is for eyes alone. */
export function gauge(slices: readonly Slice[]): Html {
  let x = 0;
  const rects = slices.map(({ share, tone }) => {
    const width = Math.round(share * WIDTH);
    const rect = html`<rect class="fill-${tone}" x="${x}" width="${width}" height="10" />`;
    x += width;
    return rect;
  });
  return html`<svg
    class="gauge"
    viewBox="0 0 ${WIDTH} 10"
    preserveAspectRatio="none"
    aria-hidden="true"
    focusable="false"
  >
    <rect class="track" width="${WIDTH}" height="10" rx="2" />
    ${rects}
  </svg>`;
}
