/** What a group of bars shows, by side. */
export interface Group {
  readonly label: string;
  readonly values: Readonly<Record<string, number>>;
}

const WIDTH = 720;
const LABEL_WIDTH = 200;
const NAME_WIDTH = 140;
const ROW = 18;
const GAP = 12;
const COLOURS = ['#2a5db0', '#8a8a8a', '#c46a1b', '#3f8f4f', '#8e4a9e'];

/** Groups of bars over a scale of their own each, as an SVG. */
export function bars(groups: readonly Group[]): string {
  const sides = [...new Set(groups.flatMap(({ values }) => Object.keys(values)))];
  const parts: string[] = [];
  let y = GAP;
  for (const { label, values } of groups) {
    const most = Math.max(...Object.values(values), Number.MIN_VALUE);
    parts.push(`<text x="4" y="${y + 13}" font-weight="bold">${escape(label)}</text>`);
    for (const [side, value] of Object.entries(values)) {
      const width = (value / most) * (WIDTH - LABEL_WIDTH - NAME_WIDTH - 60);
      const colour = COLOURS[sides.indexOf(side) % COLOURS.length];
      parts.push(
        `<rect x="${LABEL_WIDTH + NAME_WIDTH}" y="${y + 2}" width="${width.toFixed(1)}" height="${ROW - 4}" fill="${colour}"/>`,
        `<text x="${LABEL_WIDTH}" y="${y + 13}">${escape(side)}</text>`,
        `<text x="${(LABEL_WIDTH + NAME_WIDTH + 4 + width).toFixed(1)}" y="${y + 13}">${Number(value.toPrecision(3))}</text>`,
      );
      y += ROW;
    }
    y += GAP;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="#fff"/>\n${parts.join('\n')}\n</svg>\n`;
}

const escape = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
