import { z } from 'zod';
import {
  type Account,
  disableAccount,
  enableAccount,
  endAllSessions,
  giveAdmin,
  lockAccount,
  resetSecondFactor,
  takeAdmin,
  unblockAccount,
  verifyAddress,
} from '../../db/accounts/index.ts';
import type { Tx } from '../../db/client.ts';
import { type Act, lockNamed } from '../../db/kernel/index.ts';
import { ROLES, userSubject } from '../../domain/accounts/index.ts';
import { paramsOf, reasonOf } from '../acting.ts';
import type { RowAction } from '../row-kind.ts';
import type { ACCOUNTS_TITLES } from './titles.ts';

type AccountAction = RowAction<Account, null>;

interface Described {
  readonly refusals: AccountAction['refusals'];
  readonly act: (tx: Tx, userId: string, act: Act) => Promise<Account>;
  readonly effect: string;
  readonly takesTwoAdmins?: true;
}

/** Nothing waits for an account: what changes counts at the next request. */
const actionOf = (
  action: keyof typeof ACCOUNTS_TITLES.actions,
  { refusals, act: perform, effect, takesTwoAdmins }: Described,
): AccountAction => ({
  action,
  kind: 'account',
  ...(takesTwoAdmins && { takesTwoAdmins }),
  refusals: ['user_not_found', ...refusals],
  async snapshot(tx, userId) {
    const { status } = await lockNamed(tx, 'user', userId, lockAccount);
    return { status, money: null };
  },
  async act(tx, userId, act) {
    const done = await perform(tx, userId, { ...act, reason: reasonOf(act) });
    return { done, now: { subject: userSubject(userId), status: done.status }, work: null };
  },
  notify: async () => null,
  describeEffect: () => effect,
});

const RoleLeft = z.strictObject({ role: z.enum(ROLES).exclude(['admin']) });

/** `role` is what they are from then on, where an identity provider keeps the accounts. */
function takeAdminFor(left?: z.infer<typeof RoleLeft>): AccountAction {
  return {
    ...actionOf('take_admin', {
      refusals: ['last_admin'],
      act: (tx, userId, act) => takeAdmin(tx, userId, act, left?.role),
      effect: 'Its person is no admin any more from their next request on.',
      takesTwoAdmins: true,
    }),
    ...(left && { params: left }),
    askedWith: (params) => takeAdminFor(paramsOf(RoleLeft, params)),
  };
}

export const ACCOUNT_ACTIONS: readonly AccountAction[] = [
  actionOf('disable', {
    refusals: ['account_closing', 'last_admin'],
    act: disableAccount,
    effect:
      'Its person is signed out, and neither they nor their API keys are let in until it is enabled again.',
  }),
  actionOf('enable', {
    refusals: ['account_closing'],
    act: enableAccount,
    effect: 'Its person may sign in again, and their API keys work again.',
  }),
  actionOf('end_sessions', {
    refusals: [],
    act: async (tx, userId, act) => (await endAllSessions(tx, userId, act)).account,
    effect: 'Its person is signed out everywhere, and signs in anew. API keys stay.',
  }),
  actionOf('verify_address', {
    refusals: ['account_disabled', 'account_closing'],
    act: verifyAddress,
    effect: 'The address counts as confirmed, and the links that were sent are dead.',
  }),
  actionOf('unblock', {
    refusals: [],
    act: unblockAccount,
    effect:
      'Wrong passwords and codes are forgotten, wherever they were typed: its person may try again at once.',
  }),
  actionOf('reset_second_factor', {
    refusals: ['two_factor_is_off'],
    act: resetSecondFactor,
    effect: 'From now on the password is enough. Its person is signed out and told by mail.',
    takesTwoAdmins: true,
  }),
  actionOf('give_admin', {
    refusals: ['account_disabled', 'account_closing', 'email_not_verified'],
    act: giveAdmin,
    effect: 'Its person is an admin from their next request on.',
    takesTwoAdmins: true,
  }),
  takeAdminFor(),
];
