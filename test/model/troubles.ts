import type { World } from '../harness/world.ts';

/** Trouble that one command meets. */
export const TROUBLES = [
  'none',
  'psp503',
  'pspLost',
  'pspLags',
  'hookFirst',
  'hookLost',
  'hookTwice',
  'stripe503',
  'stripe500Stored',
  'stripe429',
  'stripePoor',
  'stripeLost',
] as const;
export type Trouble = (typeof TROUBLES)[number];

const TO_STRIPE = /(transfers|payouts)\.(create|createReversal)/;
const TO_PSP = /(refunds|payments)\.create/;

/** Returns what removes it again, where nothing met it. */
export function addTrouble({ psp, stripe }: World, trouble: Trouble): () => void {
  const atPsp = (fault: Parameters<typeof psp.control.addFault>[0]) => {
    const id = psp.control.addFault(fault);
    return () => psp.control.clearFaults(id);
  };
  const atStripe = (fault: Parameters<typeof stripe.control.addFault>[0]) => {
    const id = stripe.control.addFault(fault);
    return () => stripe.control.clearFaults(id);
  };
  switch (trouble) {
    case 'none':
      return () => undefined;
    case 'psp503':
      return atPsp({ kind: 'status', status: 503, match: TO_PSP, times: 2 });
    case 'pspLost':
      return atPsp({ kind: 'dropAfter', match: TO_PSP });
    case 'pspLags': {
      // It has acted and nobody knows; then its reads do not show it for a while.
      const removes = [
        atPsp({ kind: 'dropAfter', match: TO_PSP }),
        atPsp({ kind: 'status', status: 503, match: /(refunds|payments)\.retrieve/ }),
        atPsp({ kind: 'readLag', match: /refunds\.(retrieve|list)/, lagMs: 60_000, times: 3 }),
      ];
      return () => removes.forEach((remove) => remove());
    }
    case 'hookFirst':
      return atPsp({ kind: 'webhookFirst', match: TO_PSP });
    case 'hookLost':
      return atPsp({ kind: 'loseWebhook' });
    case 'hookTwice':
      return atPsp({ kind: 'duplicateWebhook', count: 2 });
    case 'stripe503':
      return atStripe({ kind: 'status', status: 503, match: TO_STRIPE, times: 2 });
    case 'stripe500Stored':
      return atStripe({ kind: 'status', status: 500, stored: true, match: TO_STRIPE });
    case 'stripe429':
      return atStripe({ kind: 'status', status: 429, match: TO_STRIPE });
    case 'stripePoor':
      return atStripe({ kind: 'insufficientFunds', match: TO_STRIPE });
    case 'stripeLost':
      return atStripe({ kind: 'dropAfter', match: TO_STRIPE });
  }
}
