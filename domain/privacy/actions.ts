import type { ActionWords } from '../kernel/index.ts';

/** What operators may do about people who leave, in the words of the ops console. */
export const DELETION_ACTIONS = {
  schedule_deletion: {
    effect:
      'The account is closed at once, with its sessions, keys, products and subscription, and its person is told by mail. After the days of grace all that is personal is erased; until then they or an operator may undo it.',
  },
  undo_deletion: {
    effect:
      'The account is open again, and what the closing hid is to be seen. Sessions, API keys and the subscription stay ended. Its person is told by mail.',
  },
  hold_deletion: { effect: 'Nothing is erased until an operator releases it. It may still be undone.' },
  release_hold: { effect: 'It goes on: on its last day, or at once where that is over.' },
  erase_now: {
    effect:
      'Its last day is now: all that is personal is erased as soon as nothing of theirs moves. Money is waited for all the same, and until the erasing begins it may be undone.',
  },
} as const satisfies Readonly<Record<string, ActionWords>>;
