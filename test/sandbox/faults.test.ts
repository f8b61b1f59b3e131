import { expect, it } from 'vitest';
import { nothingSubscribed } from '../../sandbox/faults/subscribers/counts.ts';
import { meet } from '../../sandbox/faults/subscribers/paying.ts';
import type { Subscriber } from '../../sandbox/faults/subscribers/subscriber.ts';
import { hyperswitchWorld } from '../stand-ins/hyperswitch-harness.ts';

const nobodyCalls = () => Promise.reject(new Error('it calls nobody'));

it.each(['succeeded', 'processing', 'cancelled'] as const)(
  'whatever the dice say, a payment that is %s is not taken back from its bank',
  async (status) => {
    const { control, paid } = await hyperswitchWorld();
    await paid('p1');
    control.setPaymentStatus('p1', status, { webhook: false });
    const subscriber: Subscriber = {
      personId: 'person',
      control,
      subscribed: nothingSubscribed(),
      left: [],
      random: () => 0,
      // It fails, and is tried again, and takes a while, all at once; but somebody is there to pay.
      chance: (share) => share !== 0.1,
      pick: (all) => all[0]!,
      insist: nobodyCalls,
      admin: nobodyCalls,
    };
    await meet(subscriber, 'p1');
    expect(control.payment('p1').status).toBe(status);
  },
);
