import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bars } from './plot.ts';

// `npm run bench:docs -- result.json…`: makes docs/benchmarks.md of what `npm run bench -- --json` printed, one file or
// several. A later file takes the place of an earlier one's bench of the same name.

interface Figure {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}
type Figures = Readonly<Record<string, Figure>>;
interface Point {
  readonly name?: string;
  readonly concurrency: number;
  readonly units: number;
  readonly rounds: number;
  readonly sides?: Readonly<Record<string, Figures>>;
  readonly veza?: Figures;
  readonly bare?: Figures;
  readonly ratios: Readonly<Record<string, Figures | Figure>>;
}
interface Run {
  readonly at: string;
  readonly commit: string;
  readonly node: string;
  readonly machine: { readonly processors: number; readonly model?: string; readonly memoryGib: number };
  readonly results: Readonly<Record<string, { readonly points?: readonly Point[] }>>;
}

const docs = fileURLToPath(new URL('../docs/', import.meta.url));
const TITLES: Readonly<Record<string, string>> = {
  ack: 'Acknowledging a refund',
  saga: 'A whole refund with one reversal',
  reads: 'Reading an order and a refund',
  webhook: 'Taking webhooks in',
};
const COLUMNS: Readonly<Record<string, string>> = {
  perSecond: 'a second',
  ackP50Ms: 'acknowledged, p50 ms',
  ackP99Ms: 'p99 ms',
  wholeP50Ms: 'whole, p50 ms',
  p50Ms: 'p50 ms',
  p99Ms: 'p99 ms',
  refusals: 'refusals',
  cpuMs: 'CPU ms each',
};

const shown = (value: number) =>
  value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
const cell = (figure: Figure | undefined) =>
  figure === undefined ? '' : `${shown(figure.median)} (${shown(figure.least)}–${shown(figure.most)})`;

function section(name: string, { machine, at, commit, node }: Run, points: readonly Point[]): string {
  const lines = [`## ${TITLES[name] ?? name}`, ''];
  const where = `${machine.processors} processors (${machine.model ?? 'unknown'}), ${machine.memoryGib} GiB, Node ${node}`;
  lines.push(
    `Measured at commit \`${commit}\` on ${at.slice(0, 10)}, ${where}: \`npm run bench -- --only ${name}\`.`,
    '',
  );
  for (const point of points) {
    const sides = point.sides ?? { veza: point.veza ?? {}, bare: point.bare ?? {} };
    const columns = Object.keys(COLUMNS).filter((column) =>
      Object.values(sides).some((side) => side[column]),
    );
    const title = [point.name, `${point.concurrency} at a time`, `${point.rounds} rounds of ${point.units}`];
    lines.push(`**${title.filter(Boolean).join(', ')}**`, '');
    lines.push(`| | ${columns.map((column) => COLUMNS[column]).join(' | ')} | ratio of throughput |`);
    lines.push(`| --- |${' --- |'.repeat(columns.length + 1)}`);
    for (const [side, figures] of Object.entries(sides)) {
      const ratio = point.ratios[side] ?? (side === 'bare' ? point.ratios : undefined);
      const ofThroughput = (ratio as Figures | undefined)?.['perSecond'];
      lines.push(
        `| ${side} | ${columns.map((column) => cell(figures[column])).join(' | ')} | ${cell(ofThroughput)} |`,
      );
    }
    lines.push('');
  }
  const plot = bars(
    points.map((point) => ({
      label: [point.name, point.concurrency].filter(Boolean).join(', '),
      values: Object.fromEntries(
        Object.entries(point.sides ?? { veza: point.veza ?? {}, bare: point.bare ?? {} }).map(
          ([side, figures]) => [side, figures['perSecond']?.median ?? 0],
        ),
      ),
    })),
  );
  writeFileSync(`${docs}benchmarks-${name}.svg`, plot);
  lines.push(`![${TITLES[name] ?? name}: completed a second](benchmarks-${name}.svg)`, '');
  return lines.join('\n');
}

const found = new Map<string, { run: Run; points: readonly Point[] }>();
for (const file of process.argv.slice(2)) {
  const run = JSON.parse(readFileSync(file, 'utf8')) as Run;
  for (const [name, { points }] of Object.entries(run.results)) if (points) found.set(name, { run, points });
}
if (found.size === 0) {
  console.error('npm run bench:docs -- result.json…');
  process.exit(2);
}
const intro = readFileSync(new URL('./intro.md', import.meta.url), 'utf8');
const sections = [...found].map(([name, { run, points }]) => section(name, run, points));
writeFileSync(`${docs}benchmarks.md`, `${intro}\n${sections.join('\n')}`);
execFileSync('npx', ['oxfmt', `${docs}benchmarks.md`], { stdio: 'inherit' });
