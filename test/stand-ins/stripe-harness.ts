import Stripe from 'stripe';
import { onTestFinished } from 'vitest';
import { startStripeSandbox, type StripeSandbox } from '../../stand-ins/stripe/index.ts';
import { type Receiver, startReceiver } from './receiver.ts';

export const SECRET_KEY = 'sk_test_veza_sandbox';
export const WEBHOOK_SECRET = 'whsec_sandbox';

export interface StripeWorld {
  sandbox: StripeSandbox;
  control: StripeSandbox['control'];
  receiver: Receiver;
  /** The official SDK. */
  stripe: Stripe;
  transfer(key: string, o?: Partial<Stripe.TransferCreateParams>): Promise<Stripe.Response<Stripe.Transfer>>;
}

export function sdk(port: number, key = SECRET_KEY): Stripe {
  return new Stripe(key, { host: '127.0.0.1', port, protocol: 'http', maxNetworkRetries: 0, timeout: 5_000 });
}

type Options = Partial<Parameters<typeof startStripeSandbox>[0]>;

export async function stripeWorld(o: Options = {}): Promise<StripeWorld> {
  const receiver = await startReceiver();
  const sandbox = await startStripeSandbox({
    secretKey: SECRET_KEY,
    webhookSecret: WEBHOOK_SECRET,
    webhookUrl: () => receiver.url,
    retryScaleMs: 10,
    ...o,
  });
  onTestFinished(async () => {
    await sandbox.close();
    await receiver.close();
  });
  const stripe = sdk(sandbox.port);
  return {
    sandbox,
    control: sandbox.control,
    receiver,
    stripe,
    transfer: (key, params = {}) =>
      stripe.transfers.create(
        { amount: 948, currency: 'eur', destination: 'acct_seller1', ...params },
        { idempotencyKey: key },
      ),
  };
}

/** What a refused call throws. */
export async function refusal(work: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error;
    throw error;
  }
  throw new Error('was not refused');
}
