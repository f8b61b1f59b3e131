import { findAccount } from '../../db/accounts/index.ts';
import { userSubject } from '../../domain/accounts/index.ts';
import type { ActionName } from '../../operations/titles.ts';
import { deletionWorkflowId } from '../../domain/privacy/index.ts';
import { CannotRun, UsageError } from '../usage.ts';
import { act } from './act.ts';

/** What may be done to an account, by the words of the command. */
const OF_ACCOUNT: Readonly<Record<string, ActionName>> = {
  disable: 'disable',
  enable: 'enable',
  'end-sessions': 'end_sessions',
  'verify-address': 'verify_address',
  unblock: 'unblock',
  'reset-second-factor': 'reset_second_factor',
  'give-admin': 'give_admin',
  'take-admin': 'take_admin',
  'schedule-deletion': 'schedule_deletion',
};
/** And to somebody who leaves. */
const OF_DELETION: Readonly<Record<string, ActionName>> = {
  'undo-deletion': 'undo_deletion',
  'hold-deletion': 'hold_deletion',
  'release-hold': 'release_hold',
  'erase-now': 'erase_now',
};

export const ACCOUNT_VERBS = [...Object.keys(OF_ACCOUNT), ...Object.keys(OF_DELETION)];

/** `account VERB ID|ADDRESS --reason R` */
export async function account([verb = '', ...args]: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const action = OF_ACCOUNT[verb] ?? OF_DELETION[verb];
  if (action === undefined) throw new UsageError(`account: expected one of ${ACCOUNT_VERBS.join(', ')}`);
  return act(
    args,
    env,
    () => action,
    async ({ db }, text) => {
      const userId = await findAccount(db, text);
      if (userId === null) throw new CannotRun('there is no such account');
      return verb in OF_DELETION ? deletionWorkflowId(userId) : userSubject(userId);
    },
  );
}
