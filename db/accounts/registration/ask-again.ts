import type { AccountTokenPurpose } from '../../../domain/accounts/index.ts';
import type { Tx } from '../../client.ts';
import { type User, readUserByEmail } from '../read-user.ts';
import { makeAccountToken, newToken } from '../tokens/make.ts';
import { lockAsItWas } from './as-it-was.ts';

/** A link, and where it goes. It is good once `keep` has run, after the mail server took the mail. */
export interface LinkTo {
  readonly to: string;
  readonly token: string;
  readonly keep: (tx: Tx) => Promise<void>;
}

/** A new link to confirm an address. Locks nothing. Null: nobody has it, or it is confirmed. */
export async function askForVerification(tx: Tx, email: string): Promise<LinkTo | null> {
  const user = await readUserByEmail(tx, email);
  if (user === null || user.isVerified || user.status !== 'active') return null;
  return linkTo(user, 'verify_email');
}

/** A link to choose a new password. Locks nothing. Null: nobody has this address. */
export async function askForReset(tx: Tx, email: string): Promise<LinkTo | null> {
  const user = await readUserByEmail(tx, email);
  if (user === null || user.status === 'erasing' || user.status === 'erased') return null;
  return linkTo(user, 'reset_password');
}

function linkTo(user: User, purpose: AccountTokenPurpose): LinkTo {
  const token = newToken();
  return {
    ...{ to: user.email, token },
    async keep(tx) {
      if (await lockAsItWas(tx, user)) await makeAccountToken(tx, { userId: user.id, purpose, token });
    },
  };
}
