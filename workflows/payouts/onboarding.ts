import { proxyActivities, setHandler, uuid4, setWorkflowOptions } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import type { OnboardingAnswer, OnboardingAsk } from '../../domain/sellers/index.ts';
import {
  attemptStripe,
  STAYS_ON_ITS_VERSION,
  describe,
  catchStraySignals,
  settleMessages,
} from '../kernel/index.ts';
import { accountChanged, onboard } from './messages.ts';

const { connectAccount } = proxyActivities<Activities>({
  ...attemptStripe,
  summary: 'Asks Stripe for the seller’s account',
});
const { linkAccount } = proxyActivities<Activities>({
  ...attemptStripe,
  summary: 'Asks Stripe for a link to its forms',
});
const { refreshAccount } = proxyActivities<Activities>({
  ...attemptStripe,
  summary: 'Reads the seller’s account at Stripe',
});

/** A seller's account at Stripe: made once, linked as often as asked for, read again when Stripe reports a change. */
export async function onboarding({ userId }: { readonly userId: string }): Promise<void> {
  // One after the other, so that two calls at once cannot make two accounts, nor an old report overtake a new one.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
  setHandler(onboard, (ask) => inTurn(() => connect(userId, ask)));
  setHandler(accountChanged, () => inTurn(() => refresh(userId)));
  const strays = catchStraySignals();
  await settleMessages(strays);
  describe(
    [],
    [
      ['State', 'ended: all that was asked is answered'],
      ['Seller', userId],
    ],
  );
}
setWorkflowOptions(STAYS_ON_ITS_VERSION, onboarding);

async function connect(userId: string, ask: OnboardingAsk): Promise<OnboardingAnswer> {
  const { country, mayCreate } = ask;
  showAsking(userId, 'asking Stripe for the account');
  const connected = await connectAccount(userId, { mayCreate, ...(country !== undefined && { country }) });
  if ('refused' in connected) return connected;
  showAsking(userId, 'asking Stripe for a link to its forms');
  return linkAccount(userId, connected.stripeAccountId, { ...ask, key: uuid4() });
}

async function refresh(userId: string): Promise<void> {
  showAsking(userId, 'reading the account, of which Stripe has news');
  await refreshAccount(userId);
}

function showAsking(userId: string, state: string): void {
  describe(
    [
      'Nothing: the engine asks Stripe until it answers. The pending activity shows attempt, last error and next time.',
    ],
    [
      ['State', state],
      ['Seller', userId],
    ],
  );
}
