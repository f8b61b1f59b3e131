import { proxyActivities, setHandler, uuid4, setWorkflowOptions } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { OnboardingAnswer, OnboardingAsk } from '../domain/messages.ts';
import { accountChanged, catchStraySignals, onboard, settleMessages } from './messages.ts';
import { attemptStripe, STAYS_ON_ITS_VERSION } from './policies.ts';

const { connectAccount, linkAccount, refreshAccount } = proxyActivities<Activities>({
  ...attemptStripe,
  summary: 'Asks Stripe about the seller’s account',
});

/** A seller's account at Stripe: made once, linked as often as asked for, read again when Stripe has news of it. */
export async function onboarding({ userId }: { readonly userId: string }): Promise<void> {
  // One after the other, so that two calls at once cannot make two accounts, nor old news overtake new.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
  setHandler(onboard, (ask) => inTurn(() => connect(userId, ask)));
  setHandler(accountChanged, () => inTurn(() => refreshAccount(userId)));
  const strays = catchStraySignals();
  await settleMessages(strays);
}
setWorkflowOptions(STAYS_ON_ITS_VERSION, onboarding);

async function connect(userId: string, ask: OnboardingAsk): Promise<OnboardingAnswer> {
  const { country, mayCreate } = ask;
  const connected = await connectAccount(userId, { mayCreate, ...(country !== undefined && { country }) });
  if ('refused' in connected) return connected;
  return linkAccount(userId, connected.stripeAccountId, { ...ask, key: uuid4() });
}
