import { setTimeout as sleep } from 'node:timers/promises';
import type { HyperswitchFault } from '../../stand-ins/hyperswitch/faults.ts';
import type { Veza } from '../cli/veza.ts';
import type { FaultRun } from './options.ts';

type ChargeFault = Extract<HyperswitchFault, { kind: 'chargeOutcome' }>;
type Providers = Pick<Veza, 'psp' | 'stripe'>;

/** Stripe is away for so long, once in so long. */
const OUTAGE_MS = 8_000;
const OUTAGE_EVERY_MS = 40_000;

const always = { times: 'always' } as const;

/** Each of Stripe's two wordings. */
const ACCOUNT_GONE = [
  {
    status: 403,
    error: {
      type: 'invalid_request_error',
      code: 'account_invalid',
      message: "The provided key does not have access to account 'acct_x' (or that account does not exist).",
    },
  },
  {
    status: 400,
    error: {
      type: 'invalid_request_error',
      code: 'resource_missing',
      message: "No such destination: 'acct_x'",
      param: 'destination',
    },
  },
];

/** Calls without a destination get the wording that names the account. */
const GONE_AT = [
  ['transfers.create', ACCOUNT_GONE],
  ['transfers.createReversal', ACCOUNT_GONE.slice(0, 1)],
  ['payouts.create', ACCOUNT_GONE.slice(0, 1)],
] as const;

/** Lost on the way: no retry of it ever arrives. */
export function loseWebhooks(
  { psp, stripe }: Providers,
  { loss, seed }: Pick<FaultRun, 'loss' | 'seed'>,
): void {
  if (loss === 0) return;
  psp.control.addFault({ kind: 'loseWebhook', share: loss, seed, ...always });
  stripe.control.addFault({ kind: 'loseWebhook', share: loss, seed: seed + 1, ...always });
}

/**
 * Makes the providers fail a part of the calls, as on a bad day. Returns the function that ends it; lost webhooks go
 * on.
 */
export function misbehave({ psp, stripe }: Providers, seed: number): () => void {
  let next = seed + 100;
  const part = (share: number) => ({ share, seed: (next += 1), ...always });
  const charge = (what: Omit<ChargeFault, 'kind'>, share: number) =>
    psp.control.addFault({ kind: 'chargeOutcome', ...what, ...part(share) });
  const atThePsp = [
    psp.control.addFault({ kind: 'latency', delayMs: 250, ...part(0.1) }),
    psp.control.addFault({ kind: 'status', status: 503, match: 'payments.create', ...part(0.04) }),
    psp.control.addFault({ kind: 'dropAfter', match: 'payments.create', ...part(0.04) }),
    psp.control.addFault({ kind: 'status', status: 503, match: 'payments.cancel', ...part(0.1) }),
    psp.control.addFault({ kind: 'dropAfter', match: 'payments.cancel', ...part(0.1) }),
    psp.control.addFault({ kind: 'paidFirst', ...part(0.1) }),
    // Charges without the buyer: declined, undecided for a while, or refused by the router, with and without a rest.
    charge({ outcome: 'failed', declineCode: 'insufficient_funds' }, 0.08),
    charge({ outcome: 'failed', declineCode: 'lost_card' }, 0.02),
    charge({ outcome: 'processing', settlesAfterMs: 3_000 }, 0.06),
    charge({ outcome: 'processing', settlesAfterMs: 3_000, endsAs: 'failed' }, 0.03),
    charge({ outcome: 'requires_customer_action' }, 0.03),
    charge({ outcome: 'refused', code: 'IR_39' }, 0.02),
    psp.control.addFault({ kind: 'status', status: 503, match: 'refunds.create', ...part(0.06) }),
    psp.control.addFault({ kind: 'dropBefore', match: 'refunds.create', ...part(0.03) }),
    psp.control.addFault({ kind: 'dropAfter', match: 'refunds.create', ...part(0.06) }),
    psp.control.addFault({ kind: 'timeoutAfter', match: 'refunds.create', ...part(0.02) }),
    psp.control.addFault({ kind: 'webhookFirst', match: 'refunds.create', ...part(0.1) }),
    psp.control.addFault({ kind: 'status', status: 502, match: 'refunds.retrieve', ...part(0.05) }),
    // Its reads do not show what it has just made.
    psp.control.addFault({ kind: 'readLag', match: /refunds\.(retrieve|list)/, lagMs: 2_000, ...part(0.2) }),
    // The connector said no, failed silently, or knows more than the router until it is asked.
    psp.control.addFault({ kind: 'refundOutcome', outcome: 'failed', ...part(0.06) }),
    psp.control.addFault({ kind: 'refundOutcome', outcome: 'refused', ...part(0.03) }),
    // Another amount than was asked for: less, or more as far as it was captured.
    psp.control.addFault({ kind: 'refundOutcome', outcome: 'succeeded', doneShare: 0.5, ...part(0.1) }),
    psp.control.addFault({ kind: 'refundOutcome', outcome: 'succeeded', doneShare: 1.5, ...part(0.1) }),
    psp.control.addFault({
      kind: 'refundOutcome',
      outcome: 'pending',
      atConnector: 'succeeded',
      ...part(0.06),
    }),
    psp.control.addFault({ kind: 'refundOutcome', outcome: 'pending', atConnector: 'failed', ...part(0.03) }),
    psp.control.addFault({ kind: 'duplicateWebhook', count: 2, ...part(0.05) }),
    psp.control.addFault({ kind: 'lateWebhook', delayMs: 3_000, ...part(0.05) }),
  ];
  const atStripe = ['transfers.create', 'transfers.createReversal', 'payouts.create'].flatMap((match) => [
    stripe.control.addFault({ kind: 'status', status: 503, match, ...part(0.05) }),
    stripe.control.addFault({ kind: 'status', status: 500, stored: true, match, ...part(0.03) }),
    stripe.control.addFault({ kind: 'dropAfter', match, ...part(0.05) }),
    stripe.control.addFault({ kind: 'timeoutAfter', match, ...part(0.01) }),
  ]);
  // A seller's account is gone, and back at the next look: what goes out or comes back then must do so once.
  for (const [match, gone] of GONE_AT) {
    for (const { status, error } of gone) {
      atStripe.push(
        stripe.control.addFault({ kind: 'status', status, body: { error }, match, ...part(0.05) }),
      );
    }
  }
  return () => {
    for (const fault of atThePsp) psp.control.clearFaults(fault);
    for (const fault of atStripe) stripe.control.clearFaults(fault);
  };
}

/** Stripe is away now and then, until it is told to stop. Returns how often it was. */
export async function breakStripe(
  { stripe }: Pick<Providers, 'stripe'>,
  until: AbortSignal,
): Promise<number> {
  let outages = 0;
  const rest = (ms: number) => sleep(ms, undefined, { signal: until }).catch(() => undefined);
  for (;;) {
    await rest(OUTAGE_EVERY_MS - OUTAGE_MS);
    if (until.aborted) return outages;
    const outage = stripe.control.addFault({ kind: 'status', status: 503, ...always });
    outages += 1;
    await rest(OUTAGE_MS);
    stripe.control.clearFaults(outage);
  }
}
