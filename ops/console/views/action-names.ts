import { words } from '../format.ts';
import type { ActionName } from '../../../operations/action.ts';

/** What a button says. */
export const ACTION_TITLES: Readonly<Record<ActionName, string>> = {
  refund: 'Refund',
  retry: 'Retry now',
  give_up: 'Give up',
  settled_outside: 'Settled outside',
  written_off: 'Write off',
  book_as_made: 'Book it as Stripe has it',
  give_back: 'Give the payment back',
  mark_returned: 'Mark as returned',
  replay_webhook: 'Replay',
  clear_flag: 'Clear the flag',
};

/** Of any action that an approval can be about: one of one row, or the same of a list (`bulk …`). */
export const actionTitle = (action: string): string =>
  isAction(action) ? ACTION_TITLES[action] : words(action);

const isAction = (action: string): action is ActionName => Object.hasOwn(ACTION_TITLES, action);
