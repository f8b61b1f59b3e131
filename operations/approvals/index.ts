import { readApproval } from '../../db/approvals/index.ts';
import type { RowKind, StuckKind, SubjectPart } from '../row-kind.ts';

/** An action that waits for a second admin has a page of its own. Its story is that of its subject. */
const approval: RowKind = {
  kind: 'approval',
  hasWorkflow: false,
  actions: [],
  async story(db, id) {
    const found = await readApproval(db, id);
    return found === null ? null : { instead: found.subject };
  },
};

const stuckApproval: StuckKind = {
  one: 'Approval',
  many: 'Actions that wait for a second admin',
  next: ({ status }) =>
    status === 'approved'
      ? 'It was agreed to and done, but the engine was not told: after a minute any admin may approve it again, which tells it.'
      : 'Nothing, until another admin than the one who asked agrees or refuses.',
  actions: () => [],
  isAboutOthers: true,
};

export const APPROVALS = {
  rows: [approval],
  stuck: { approval: stuckApproval },
} as const satisfies SubjectPart;
