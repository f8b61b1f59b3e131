import type { Tx } from '../../client.ts';
import { endOauth } from '../oauth/states.ts';
import { endChallenges } from '../second-factor/challenges.ts';

/** Ends what somebody has begun and not finished: signing in by a second factor or a provider, and linking one. Lock the account first. */
export async function endWaysIn(tx: Tx, userId: string): Promise<void> {
  await endChallenges(tx, userId);
  await endOauth(tx, userId);
}
