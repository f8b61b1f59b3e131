import type { WorkKind } from '../db/operators/index.ts';
import { VezaError } from '../domain/errors.ts';
import { joined, parseSubject, type Subject, writeSubject } from '../domain/kernel/index.ts';
import { ACCOUNTS } from './accounts/index.ts';
import { APPROVALS } from './approvals/index.ts';
import { withAdditions } from './additions.ts';
import { flagPart } from './kernel/index.ts';
import { MARKETPLACE } from './marketplace/index.ts';
import { PAYOUTS } from './payouts/index.ts';
import { PRIVACY } from './privacy/index.ts';
import type { ActionAsk, RowAction, RowKind, StuckKind, SubjectPart } from './row-kind.ts';
import { SELLERS } from './sellers/index.ts';
import { SETTLEMENTS } from './settlements/index.ts';
import { SUBSCRIPTIONS } from './subscriptions/index.ts';
import type { ActionName } from './titles.ts';
import { WEBHOOKS } from './webhooks/index.ts';

/** The register of what operators see and do. */
const SUBJECTS = [
  // A line a subject, in the order of locks.
  ACCOUNTS,
  MARKETPLACE,
  SUBSCRIPTIONS,
  PAYOUTS,
  SELLERS,
  SETTLEMENTS,
  WEBHOOKS,
  PRIVACY,
  APPROVALS,
] as const;

// Flags are raised about any subject: each says what operators are told of its own.
const FLAGS = flagPart(
  joined('words for flags', ...(SUBJECTS as readonly SubjectPart[]).map(({ flags }) => flags ?? {})),
);
const ALL = [...SUBJECTS, FLAGS] as const;
export const PARTS: readonly SubjectPart[] = ALL;

const ADDITIONS = PARTS.flatMap(({ adds = [] }) => adds);

export const ROW_KINDS: readonly RowKind[] = Object.values(
  joined('kinds of rows', ...PARTS.flatMap(({ rows }) => rows.map((row) => ({ [row.kind]: row })))),
).map((row) =>
  withAdditions(
    row,
    ADDITIONS.filter(({ kind }) => kind === row.kind),
  ),
);

/** The users whom an action on this row is about: their rows are locked first, with that of whoever acts. */
export function peopleOf(text: string): readonly string[] {
  const found = findRow(text);
  return found?.kind.isOfPerson === true ? [found.subject.id] : [];
}

/** What the list of what is stuck is made of: a kind that no subject describes does not compile. */
export const STUCK: Readonly<Record<WorkKind, StuckKind>> = joined(
  'kinds of what is stuck',
  ...ALL.map(({ stuck }) => stuck),
);

export interface Found {
  readonly kind: RowKind;
  readonly subject: Subject;
}

/** A row that operators look at or act on; null where an id is of nothing such. */
export function findRow(text: string): Found | null {
  const subject = parseSubject(text);
  const kind = ROW_KINDS.find((one) => one.kind === subject?.kind);
  return subject === null || kind === undefined ? null : { kind, subject };
}

/** Whether a workflow runs under that id; a list of rows has none. */
export function hasWorkflow(subject: string): boolean {
  return findRow(subject)?.kind.hasWorkflow ?? (subject.includes('/') && !subject.startsWith('list/'));
}

/**
 * Throws `action_unknown` where the row has no such action, and `validation_failed` where the parameters do not fit
 * it.
 */
export function findAction({ action, subject: text, params }: ActionAsk): {
  readonly operation: RowAction;
  readonly subject: Subject;
} {
  const found = findRow(text);
  if (found === null) throw new VezaError('action_unknown', `${text} names nothing that can be acted on.`);
  const { kind, subject } = found;
  const operation = kind.actions.find((one) => one.action === action);
  if (operation === undefined) {
    const known = actionsOn(kind);
    throw new VezaError(
      'action_unknown',
      `${writeSubject(subject)} knows no ${action}${known.length > 0 ? `, but ${known.join(', ')}` : ''}.`,
    );
  }
  if (params === undefined) return { operation, subject };
  if (operation.askedWith === undefined) {
    throw new VezaError('validation_failed', `${action} takes neither an amount nor items.`, {
      field: 'amount',
    });
  }
  return { operation: operation.askedWith(params), subject };
}

const actionsOn = ({ actions }: RowKind): ActionName[] => actions.map(({ action }) => action);
