import { findAccount } from '../../db/accounts/index.ts';
import { userSubject } from '../../domain/accounts/index.ts';
import type { ActionName } from '../../operations/titles.ts';
import { CannotRun, UsageError } from '../usage.ts';
import { act } from './act.ts';

/** What may be done to an account, by the words of the command. */
const VERBS: Readonly<Record<string, ActionName>> = {
  disable: 'disable',
  enable: 'enable',
  'end-sessions': 'end_sessions',
  'verify-address': 'verify_address',
  unblock: 'unblock',
  'reset-second-factor': 'reset_second_factor',
  'give-admin': 'give_admin',
  'take-admin': 'take_admin',
};

export const ACCOUNT_VERBS = Object.keys(VERBS);

/** `account VERB ID|ADDRESS --reason R` */
export async function account([verb = '', ...args]: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const action = VERBS[verb];
  if (action === undefined) throw new UsageError(`account: expected one of ${ACCOUNT_VERBS.join(', ')}`);
  return act(
    args,
    env,
    () => action,
    async ({ db }, text) => {
      const userId = await findAccount(db, text);
      if (userId === null) throw new CannotRun('there is no such account');
      return userSubject(userId);
    },
  );
}
