import { eq } from 'drizzle-orm';
import { clearFlag as clear, opsFlags, type OpsFlagRow, readFlag } from '../../db/kernel/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { parseSubject } from '../../domain/kernel/index.ts';
import { reasonOf } from '../acting.ts';
import type {
  FlagWords,
  RowAction,
  RowKind,
  StoryEvent,
  StoryPart,
  StuckKind,
  SubjectPart,
} from '../row-kind.ts';
import { asks, event, QUIET } from '../telling.ts';

const clearFlag: RowAction<OpsFlagRow, null> = {
  action: 'clear_flag',
  kind: 'flag',
  refusals: ['flag_not_found', 'flag_not_open'],
  async snapshot(tx, flagId) {
    const [flag] = await tx.select().from(opsFlags).where(eq(opsFlags.id, flagId)).for('no key update');
    if (flag === undefined) throw new VezaError('flag_not_found', `There is no flag ${flagId}.`);
    return { status: flag.clearedAt === null ? 'open' : 'cleared', money: null };
  },
  async act(tx, flagId, act) {
    const flag = await clear(tx, { flagId, ...act, reason: reasonOf(act) });
    return { done: flag, now: { subject: `flag/${flagId}`, status: 'cleared' }, work: null };
  },
  notify: async () => null,
  describeEffect: () => 'It leaves the list: somebody has looked and dealt with it. No money moves.',
};

/** What a person must look at; its story is that of its subject, where that is a row. */
const flag: RowKind = {
  kind: 'flag',
  hasWorkflow: false,
  actions: [clearFlag],
  async story(db, id) {
    const found = await readFlag(db, id);
    if (found === null) return null;
    return parseSubject(found.subject) === null ? tellAlone(found) : { instead: found.subject };
  },
};

/** A flag about a provider as such: there is nothing else to tell. */
const tellAlone = ({ id, subject, clearedAt, detail }: OpsFlagRow): StoryPart => ({
  orderId: null,
  rows: () => [
    {
      ...QUIET,
      kind: 'flag',
      subject: `flag/${id}`,
      status: clearedAt === null ? 'open' : 'cleared',
      money: null,
      lastError: detail,
      providerId: null,
      actions: clearedAt === null ? asks(`flag/${id}`, 'clear_flag') : [],
    },
  ],
  events: [],
  about: [],
  subjects: [subject],
});

/** The kind of row, with what each subject says of its own kinds of flags. */
export const flagPart = (words: Readonly<Record<string, FlagWords>>) =>
  ({ rows: [flag], stuck: { flag: stuckFlag(words) } }) as const satisfies SubjectPart;

const stuckFlag = (words: Readonly<Record<string, FlagWords>>): StuckKind => ({
  one: 'Flag',
  many: 'Flags that nobody has cleared',
  next: ({ status }) => words[status]?.next ?? 'Nothing, until a person has looked and clears it.',
  actions: ({ status, subject, id, orderId }) =>
    words[status]?.isClearedByRows === true
      ? []
      : [...(words[status]?.remedies?.({ subject, orderId }) ?? []), ...asks(`flag/${id}`, 'clear_flag')],
  onMany: ['clear_flag'],
  snapshot: { status: 'open', money: null },
  isAboutOthers: true,
});

export const flagEvents = (flags: readonly OpsFlagRow[]): StoryEvent[] =>
  flags.flatMap(({ raisedAt, clearedAt, subject, kind, detail }) => [
    event(raisedAt, 'flag', subject, `Flagged as ${kind}: ${detail}`),
    ...(clearedAt === null ? [] : [event(clearedAt, 'flag', subject, `The flag ${kind} was cleared.`)]),
  ]);
