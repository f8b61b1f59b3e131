import { PERSON_KINDS, STUCK_KINDS, WORK_KINDS, type WorkKind } from '../../../db/operators/index.ts';
import { STUCK } from '../../../operations/index.ts';

/** Kinds that are asked for together. */
const GROUPS: Readonly<Record<string, readonly WorkKind[]>> = { person: PERSON_KINDS, open: STUCK_KINDS };

/** What the filter offers. */
export const KIND_OPTIONS: readonly (readonly [value: string, title: string])[] = [
  ['', 'everything'],
  ['person', 'what needs a person'],
  ['open', 'what has been open for long'],
  ...WORK_KINDS.map((kind) => [kind, STUCK[kind].many] as const),
];

/** The kinds of an option; undefined where it leaves that open. */
export function kindsOf(option: string | undefined): readonly WorkKind[] | undefined {
  if (option === undefined) return undefined;
  const kind = WORK_KINDS.find((one) => one === option);
  return GROUPS[option] ?? (kind && [kind]);
}
