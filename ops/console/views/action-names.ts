import { ACTION_TITLES, type ActionName, titleOf } from '../../../operations/titles.ts';
import { words } from '../format.ts';

/** Of any action that an approval can be about: one of one row, or another that a subject brings. */
export const actionTitle = (action: string): string =>
  isAction(action) ? titleOf(action).title : words(action);

const isAction = (action: string): action is ActionName => Object.hasOwn(ACTION_TITLES, action);
