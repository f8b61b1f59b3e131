import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bars, type Group } from './plot.ts';

// `npm run bench:docs -- result.json…`: writes into docs/benchmarks.md what `npm run bench -- --json` printed, one file or
// several. A bench takes the place of what the page, or an earlier file, says of it; what was not measured anew stays.

interface Figure {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}
type Figures = Readonly<Record<string, Figure>>;
interface Point {
  readonly name?: string;
  readonly concurrency?: number;
  readonly units?: number;
  readonly rounds: number;
  readonly sides?: Readonly<Record<string, Figures>>;
  readonly veza?: Figures;
  readonly bare?: Figures;
  readonly ratios: Readonly<Record<string, Figures | Figure>>;
}
type Result = Readonly<Record<string, unknown>> & { readonly points?: readonly Point[] };
interface Run {
  readonly at: string;
  readonly commit: string;
  readonly engine?: string;
  /** Options of the run that say how much is measured. */
  readonly sizes?: readonly string[];
  readonly node: string;
  readonly machine: { readonly processors: number; readonly model?: string; readonly memoryGib: number };
  readonly results: Readonly<Record<string, Result>>;
}

const docs = fileURLToPath(new URL('../docs/', import.meta.url));
const TITLES: Readonly<Record<string, string>> = {
  ack: 'Acknowledging a refund',
  session: 'Acknowledging a refund with the session read, and without',
  saga: 'A whole refund with one reversal',
  reads: 'Reading an order and a refund',
  webhook: 'Taking webhooks in',
  overload: 'Acknowledging while more comes than can be carried',
  history: 'Events and billable actions a refund',
  sweep: 'Reconciling a backlog',
  statement: 'Matching a settlement file',
  worker: 'A worker with waiting refunds',
  subscriptions: 'A worker with sleeping subscriptions, and many due at once',
  storm: 'A burst of refunds against a limited Stripe',
};
const COLUMNS: Readonly<Record<string, string>> = {
  perSecond: 'a second',
  ackP50Ms: 'acknowledged, p50 ms',
  ackP99Ms: 'p99 ms',
  wholeP50Ms: 'whole, p50 ms',
  p50Ms: 'p50 ms',
  p99Ms: 'p99 ms',
  refusals: 'refusals',
  refusedInP99Ms: 'refused in, p99 ms',
  retryAfterMostMs: 'Retry-After at most, ms',
  doneToLeast: 'done, to the least time',
  lost: 'lost',
  cpuMs: 'CPU ms each',
};

const shown = (value: number) =>
  value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
const cell = (figure: Figure | undefined) =>
  figure === undefined ? '' : `${shown(figure.median)} (${shown(figure.least)}–${shown(figure.most)})`;

interface Curve {
  /** The list of the result, what names an entry of it, and the figures that are drawn of each. */
  readonly of: string;
  readonly by: string;
  readonly figures: readonly string[];
  readonly title: string;
}
const CURVES: Readonly<Record<string, Curve>> = {
  history: { of: 'paths', by: 'path', figures: ['veza.events', 'naive.events'], title: 'events a refund' },
  statement: {
    of: 'curve',
    by: 'rows',
    figures: ['seconds', 'copyAndJoinSeconds'],
    title: 'seconds by rows',
  },
  worker: {
    of: 'curve',
    by: 'refunds',
    figures: ['residentMib', 'proportionalMib'],
    title: 'MiB by waiting refunds',
  },
  subscriptions: {
    of: 'curve',
    by: 'subscriptions',
    figures: ['residentMib', 'proportionalMib'],
    title: 'MiB by open subscriptions',
  },
};

/** `rowsPerSecond` → `rows per second` */
const words = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
const isFigure = (value: object): value is Figure => 'median' in value && 'least' in value && 'most' in value;

/** The numbers and words in a value, each with the way to it. */
function flat(value: unknown, way: string): readonly (readonly [string, string])[] {
  if (typeof value === 'number') return [[way, shown(value)]];
  if (typeof value === 'string' || typeof value === 'boolean') return [[way, String(value)]];
  if (typeof value !== 'object' || value === null) return [];
  if (isFigure(value)) return [[way, cell(value)]];
  if (Array.isArray(value))
    return [
      [way, value.map((one) => (typeof one === 'number' ? shown(one) : JSON.stringify(one))).join(', ')],
    ];
  return Object.entries(value).flatMap(([name, one]) =>
    flat(one, way === '' ? words(name) : `${way}, ${words(name)}`),
  );
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]) => [
  `| ${head.join(' | ')} |`,
  `|${' --- |'.repeat(head.length)}`,
  ...rows.map((row) => `| ${row.join(' | ')} |`),
  '',
];

/** What a bench found that compares no sides: a table for each curve, and one for the rest. A command's report is left out. */
function figuresOf(result: Result): string[] {
  const rest: (readonly [string, string])[] = [];
  const lines: string[] = [];
  for (const [name, value] of Object.entries(result)) {
    if (name === 'points' || name === 'report') continue;
    if (Array.isArray(value) && value.every((one) => typeof one === 'object' && one !== null)) {
      const rows = value.map((one) => new Map(flat(one, '')));
      const head = [...new Set(rows.flatMap((row) => [...row.keys()]))];
      lines.push(
        `**${words(name)}**`,
        '',
        ...table(
          head,
          rows.map((row) => head.map((column) => row.get(column) ?? '')),
        ),
      );
    } else rest.push(...flat(value, words(name)));
  }
  return rest.length === 0 ? lines : [...lines, ...table(['figure', 'value'], rest)];
}

const sidesOf = ({ sides, veza = {}, bare = {} }: Point) => sides ?? { veza, bare };
const titleOf = ({ name, concurrency }: Point) =>
  [name, concurrency === undefined ? undefined : `${concurrency} at a time`].filter(Boolean).join(', ');
/** What a bench is compared by, and what its plot shows. */
const comparedBy = (point: Point) =>
  Object.values(sidesOf(point)).some((side) => side['perSecond']) ? 'perSecond' : 'ackP99Ms';

function comparison(point: Point): string[] {
  const sides = sidesOf(point);
  const by = comparedBy(point);
  const columns = Object.keys(COLUMNS).filter((column) => Object.values(sides).some((side) => side[column]));
  const rounds = `${point.rounds} rounds${point.units === undefined ? '' : ` of ${point.units}`}`;
  const rows = Object.entries(sides).map(([side, figures]) => {
    const ratio = (point.ratios[side] ?? (side === 'bare' ? point.ratios : undefined)) as Figures | undefined;
    return [side, ...columns.map((column) => cell(figures[column])), cell(ratio?.[by])];
  });
  const ratio = by === 'perSecond' ? 'ratio of throughput' : 'ratio of p99';
  return [
    `**${titleOf(point)}, ${rounds}**`,
    '',
    ...table(['', ...columns.map((one) => COLUMNS[one]!), ratio], rows),
  ];
}

interface Plot {
  readonly groups: readonly Group[];
  readonly what: string;
}

function plotOf(points: readonly Point[]): Plot {
  const groups = points.map((point) => ({
    label: titleOf(point),
    values: Object.fromEntries(
      Object.entries(sidesOf(point)).map(([side, figures]) => [
        side,
        figures[comparedBy(point)]?.median ?? 0,
      ]),
    ),
  }));
  const isThroughput = comparedBy(points[0]!) === 'perSecond';
  return { groups, what: isThroughput ? 'completed a second' : 'p99 of acknowledgements, ms' };
}

function curveOf(name: string, result: Result): Plot | undefined {
  const curve = CURVES[name];
  if (curve === undefined) return undefined;
  const entries = result[curve.of] as readonly Readonly<Record<string, unknown>>[];
  const groups = entries.map((entry) => ({
    label: String(entry[curve.by]),
    values: Object.fromEntries(
      curve.figures.map((way) => [words(way.replace('.', ', ')), numberAt(entry, way)]),
    ),
  }));
  return { groups, what: curve.title };
}

/** Throws where a bench no longer finds what is drawn of it. */
function numberAt(entry: object, way: string): number {
  let value: unknown = entry;
  for (const name of way.split('.')) value = (value as Readonly<Record<string, unknown>> | undefined)?.[name];
  if (typeof value === 'object' && value !== null && isFigure(value)) return value.median;
  if (typeof value !== 'number') throw new Error(`no number at ${way} of ${JSON.stringify(entry)}`);
  return value;
}

function section(
  name: string,
  { machine, at, commit, engine = 'sqlite', sizes = [], node }: Run,
  result: Result,
): string {
  const title = TITLES[name.split(' ')[0]!] ?? name;
  const onPostgresql = engine === 'postgresql';
  const lines = [`## ${title}${onPostgresql ? ', the engine on PostgreSQL' : ''}`, ''];
  const where = `${machine.processors} processors (${machine.model ?? 'unknown'}), ${machine.memoryGib} GiB, Node ${node}`;
  const options = [...sizes, ...(onPostgresql ? ['--engine postgresql'] : [])];
  const command = ['npm run bench -- --only', name.split(' ')[0], ...options].join(' ');
  lines.push(`Measured at commit \`${commit}\` on ${at.slice(0, 10)}, ${where}: \`${command}\`.`, '');
  const { points = [] } = result;
  for (const point of points) lines.push(...comparison(point));
  lines.push(...figuresOf(result));
  const plot = points.length > 0 ? plotOf(points) : curveOf(name.split(' ')[0]!, result);
  if (plot === undefined) return lines.join('\n');
  const file = `benchmarks-${name.replace(' ', '-')}.svg`;
  writeFileSync(`${docs}${file}`, bars(plot.groups));
  lines.push(`![${title}: ${plot.what}](${file})`, '');
  return lines.join('\n');
}

const found = new Map<string, { run: Run; result: Result }>();
for (const file of process.argv.slice(2)) {
  const run = JSON.parse(readFileSync(file, 'utf8')) as Run;
  const suffix = run.engine === 'postgresql' ? ' postgresql' : '';
  for (const [name, result] of Object.entries(run.results)) found.set(`${name}${suffix}`, { run, result });
}
if (found.size === 0) {
  console.error('npm run bench:docs -- result.json…');
  process.exit(2);
}
const intro = readFileSync(new URL('./intro.md', import.meta.url), 'utf8');
// Its links lead from its own folder, and the page is in another.
const tried = readFileSync(new URL('./tried.md', import.meta.url), 'utf8').replaceAll('](../docs/', '](');
const page = `${docs}benchmarks.md`;
const sections = new Map(sectionsOf(readFileSync(page, 'utf8')));
for (const heading of [...sectionsOf(intro), ...sectionsOf(tried)]) sections.delete(heading[0]);
for (const [name, { run, result }] of found) {
  for (const [heading, text] of sectionsOf(section(name, run, result))) sections.set(heading, text);
}
writeFileSync(page, `${intro}\n${[...sections.values()].join('\n')}\n${tried}`);
execFileSync('npx', ['oxfmt', page], { stdio: 'inherit' });

/** The sections of a page, by their headings. */
function sectionsOf(text: string): readonly (readonly [heading: string, section: string])[] {
  return text
    .split(/^(?=## )/m)
    .filter((part) => part.startsWith('## '))
    .map((part) => [part.split('\n', 1)[0]!, part.trimEnd() + '\n'] as const);
}
