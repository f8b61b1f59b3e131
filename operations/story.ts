import type { Db } from '../db/client.ts';
import { findSubject, type Mentions, readMentions } from '../db/operators/index.ts';
import { VezaError } from '../domain/errors.ts';
import { writeSubject } from '../domain/kernel/index.ts';
import { findRow } from './index.ts';
import { auditLogEvents, flagEvents } from './kernel/index.ts';
import type { StoryEvent, StoryPart, StoryRow } from './row-kind.ts';
import { STORY_KINDS } from './titles.ts';
import { webhookEvents } from './webhooks/index.ts';

export interface Story {
  /** What was asked for. */
  readonly subject: string;
  readonly orderId: string | null;
  readonly rows: readonly StoryRow[];
  /** In order of time. */
  readonly events: readonly StoryEvent[];
}

/**
 * The whole story of what an id names, and of all that it belongs to: rows, webhooks, postings, flags and what operators
 * did, in order of time. Takes a workflow id, any of our ids, and the providers' ids. Throws `subject_not_found`.
 */
export async function readStory(db: Db, text: string): Promise<Story> {
  const found = await findSubject(db, text);
  if (found === null) throw notFound(text);
  const subject = writeSubject(found);
  const part = await findRow(subject)?.kind.story(db, found.id);
  if (!part) throw notFound(text);
  if ('instead' in part) return readStory(db, part.instead);
  const above = part.belongsTo ? await findSubject(db, part.belongsTo) : null;
  if (above === null) return tell(db, subject, part);
  const rest = await readStory(db, writeSubject(above));
  return { ...rest, subject, rows: [...part.rows([]), ...rest.rows] };
}

const notFound = (text: string) =>
  new VezaError('subject_not_found', `Nothing of ours is known by ${text === '' ? 'no id' : text}.`);

async function tell(db: Db, subject: string, { orderId, rows, events, ...names }: StoryPart): Promise<Story> {
  const mentions = await readMentions(db, names);
  return {
    subject,
    orderId,
    rows: rows(mentions.flags),
    events: inOrder([...events, ...mentionEvents(mentions)]),
  };
}

const mentionEvents = ({ webhooks, auditLogRows, flags }: Mentions): StoryEvent[] => [
  ...webhookEvents(webhooks),
  ...auditLogEvents(auditLogRows),
  ...flagEvents(flags),
];

const rankOf = ({ kind }: StoryEvent) => STORY_KINDS.indexOf(kind);

const inOrder = (events: readonly StoryEvent[]): StoryEvent[] =>
  events.toSorted((a, b) => a.at.getTime() - b.at.getTime() || rankOf(a) - rankOf(b));
