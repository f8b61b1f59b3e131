import { controlRoutes } from '../kernel/control-routes.ts';
import { Deliverer } from '../kernel/deliveries.ts';
import { FaultBox } from '../kernel/faults.ts';
import { isRecord } from '../kernel/fields.ts';
import { RequestLog } from '../kernel/requests.ts';
import { listen, providerApp, refuseUnknownRoutes } from '../kernel/server.ts';
import { StateFile } from '../kernel/state-file.ts';
import { Tasks } from '../kernel/tasks.ts';
import { Books, EVENTS, RETRY_MINUTES, stripeSignature } from './books.ts';
import { StripeControl } from './control.ts';
import { type OwnFault, StripeFault } from './faults.ts';
import { onboard, stripeProvider } from './operations.ts';
import { settlePayout } from './payouts.ts';
import type { PayoutMode } from './types.ts';

export type { StripeControl } from './control.ts';
export type { StripeFault } from './faults.ts';

export interface StripeSandboxOptions {
  /** 0 or absent: a free one. */
  port?: number;
  secretKey: string;
  webhookSecret: string;
  webhookUrl: string | (() => string);
  stateFile?: string;
  /** Any acct_ id is an account; true by default. */
  autoAccounts?: boolean;
  /** Accounts made through the API are ready right after the answer; true by default. */
  autoOnboard?: boolean;
  /** auto unless told. */
  payoutMode?: PayoutMode;
  /** How long a minute of the real retry schedule takes here; 1000 by default. */
  retryScaleMs?: number;
  /** A day unless told. */
  idempotencyKeyMaxAgeMs?: number;
}

export interface StripeSandbox {
  url: string;
  port: number;
  control: StripeControl;
  close(): Promise<void>;
}

const OPERATIONS = [
  'transfers.create',
  'transfers.list',
  'transfers.retrieve',
  'transfers.update',
  'transfers.createReversal',
  'transfers.listReversals',
  'transfers.retrieveReversal',
  'payouts.create',
  'payouts.list',
  'payouts.retrieve',
  'accounts.create',
  'accounts.list',
  'accounts.retrieve',
  'accountLinks.create',
  'balance.retrieve',
];

/** A Stripe Connect of our own on loopback: real wire, real idempotency, real signatures, and faults on command. */
export async function startStripeSandbox(o: StripeSandboxOptions): Promise<StripeSandbox> {
  const books = new Books();
  const tasks = new Tasks();
  const requests = new RequestLog();
  const secret = { current: o.webhookSecret };
  const faults = new FaultBox<OwnFault>(StripeFault, [...OPERATIONS, ...EVENTS]);
  const stateFile = new StateFile(o.stateFile, () => ({ ...books.toJSON(), deliveries: deliverer.saved() }));
  const onChange = (): void => stateFile.touch();
  const deliverer: Deliverer = new Deliverer({
    url: o.webhookUrl,
    sign: (body) => ({ 'stripe-signature': stripeSignature(body, secret.current) }),
    signsOnce: false,
    retryMinutes: RETRY_MINUTES,
    retryScaleMs: o.retryScaleMs ?? 1_000,
    faults,
    tasks,
    onChange,
  });
  books.deliverer = deliverer;
  books.autoAccounts = o.autoAccounts ?? true;
  books.autoOnboard = o.autoOnboard ?? true;
  books.payoutMode = o.payoutMode ?? 'auto';
  books.keys.maxAgeMs = o.idempotencyKeyMaxAgeMs ?? books.keys.maxAgeMs;
  const control = new StripeControl({ faults, requests, deliverer, tasks, onChange }, books, secret);

  const provider = stripeProvider({ books, faults, secretKey: o.secretKey });
  const app = providerApp({ provider, faults, deliverer, tasks, requests, onChange });
  app.get('/_sandbox/onboarding/:id', (c) => onboard(books, c.req.param('id'), c.req.query('return_url')));
  controlRoutes(app, {
    name: 'stripe',
    verbs: control.verbs(),
    faultSchema: StripeFault,
    faults,
    requests,
    deliverer,
    state: () => books.toJSON(),
    onChange,
  });
  refuseUnknownRoutes(app, provider);
  const saved = stateFile.load();
  books.restore(saved);
  const listening = await listen(app, o.port ?? 0);

  if (isRecord(saved)) deliverer.restore(saved['deliveries']);
  // Catches up on what would have happened by itself while we were stopped.
  for (const payout of books.payouts.values()) if (payout.settlesItself) settlePayout(books, payout, 'paid');

  return {
    url: listening.url,
    port: listening.port,
    control,
    close: async () => {
      tasks.close();
      await deliverer.close();
      await listening.close();
      stateFile.close();
    },
  };
}
