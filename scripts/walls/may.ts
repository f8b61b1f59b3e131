import { EXCEPTIONS, KINDS, RANKS } from './table.ts';

/** A folder of a kind, or one of its subjects' folders: `db`, `db/marketplace`. */
export interface Folder {
  readonly kind: string;
  readonly subject?: string;
}

export const pathOf = ({ kind, subject }: Folder) => (subject === undefined ? kind : `${kind}/${subject}`);

const rankOf = (subject: string) => RANKS.findIndex((rank) => rank.includes(subject));

const isException = (from: Folder, to: Folder) =>
  EXCEPTIONS.some((one) => one.from === pathOf(from) && one.to === pathOf(to));

/**
 * What a subject's code may import of a subject: all of its own, only the index of a lower one, nothing of others.
 * Code of no subject (console, command line, registers) may import a subject's index or, within its own kind, every
 * file.
 */
export function reachOf(from: Folder, to: Required<Folder>): 'files' | 'index' | 'nothing' {
  if (from.subject === undefined) return from.kind === to.kind ? 'files' : 'index';
  if (from.subject === to.subject || isException(from, to)) return 'files';
  return rankOf(to.subject) < rankOf(from.subject) ? 'index' : 'nothing';
}

/** Whether one kind may import all of another, or its types alone. */
export function knows(from: string, to: string): 'all' | 'types' | 'nothing' {
  const kind = KINDS[from];
  const whole = [from, ...(kind?.knows ?? [])];
  if (whole.some((known) => to === known || to.startsWith(`${known}/`))) return 'all';
  return kind?.types?.includes(to) ? 'types' : 'nothing';
}
