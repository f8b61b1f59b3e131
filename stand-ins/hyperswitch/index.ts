import { controlRoutes } from '../kernel/control-routes.ts';
import { Deliverer } from '../kernel/deliveries.ts';
import { FaultBox } from '../kernel/faults.ts';
import { isRecord } from '../kernel/fields.ts';
import { RequestLog } from '../kernel/requests.ts';
import { listen, providerApp, refuseUnknownRoutes } from '../kernel/server.ts';
import { StateFile } from '../kernel/state-file.ts';
import { Tasks } from '../kernel/tasks.ts';
import { Books } from './books.ts';
import { settleInTime } from './charges.ts';
import { HyperswitchControl } from './control.ts';
import { HyperswitchFault, type OwnFault } from './faults.ts';
import { hyperswitchProvider, payLater, settleByItself } from './operations.ts';
import { PAYMENT_EVENTS } from './payments.ts';
import { DISPUTE_ENDS, type RefundMode } from './types.ts';
import { RETRY_MINUTES, signature512 } from './webhooks.ts';

export { TEST_CARDS } from './cards.ts';
export type { HyperswitchControl } from './control.ts';

export interface HyperswitchSandboxOptions {
  /** 0 or absent: a free one. */
  port?: number;
  apiKey: string;
  webhookSecret: string;
  webhookUrl: string | (() => string);
  stateFile?: string;
  /** Every created payment is paid about 50 ms later. */
  autoPay?: boolean;
  /** auto unless told. */
  refundMode?: RefundMode;
  /** How long a minute of the real retry schedule takes here; 1000 by default. */
  retryScaleMs?: number;
}

export interface HyperswitchSandbox {
  url: string;
  port: number;
  control: HyperswitchControl;
  close(): Promise<void>;
}

const EVENTS = [
  ...PAYMENT_EVENTS,
  'refund_succeeded',
  'refund_failed',
  'dispute_opened',
  ...DISPUTE_ENDS.map((end) => `dispute_${end}`),
];
const OPERATIONS = [
  'payments.create',
  'payments.retrieve',
  'payments.confirm',
  'payments.cancel',
  'refunds.create',
  'refunds.list',
  'refunds.retrieve',
  'disputes.list',
  'disputes.retrieve',
];

/** A Hyperswitch of our own on loopback: real wire, real refusals, real signatures, and faults on command. */
export async function startHyperswitchSandbox(o: HyperswitchSandboxOptions): Promise<HyperswitchSandbox> {
  const books = new Books();
  const tasks = new Tasks();
  const requests = new RequestLog();
  const secret = { current: o.webhookSecret };
  const faults = new FaultBox<OwnFault>(HyperswitchFault, [...OPERATIONS, ...EVENTS]);
  const stateFile = new StateFile(o.stateFile, () => ({ ...books.toJSON(), deliveries: deliverer.saved() }));
  const onChange = (): void => stateFile.touch();
  const deliverer: Deliverer = new Deliverer({
    url: o.webhookUrl,
    sign: (body) => ({ 'x-webhook-signature-512': signature512(body, secret.current) }),
    signsOnce: true,
    retryMinutes: RETRY_MINUTES,
    retryScaleMs: o.retryScaleMs ?? 1_000,
    faults,
    tasks,
    onChange,
  });
  books.deliverer = deliverer;
  books.autoPay = o.autoPay ?? false;
  books.refundMode = o.refundMode ?? 'auto';
  const control = new HyperswitchControl({ faults, requests, deliverer, tasks, onChange }, books, secret);

  const parts = { books, faults, tasks, apiKey: o.apiKey, onChange };
  const provider = hyperswitchProvider(parts);
  const app = providerApp({ provider, faults, deliverer, tasks, requests, onChange });
  controlRoutes(app, {
    name: 'hyperswitch',
    verbs: control.verbs(),
    faultSchema: HyperswitchFault,
    faults,
    requests,
    deliverer,
    state: () => ({ ...books.toJSON(), ...books.settings() }),
    onChange,
  });
  refuseUnknownRoutes(app, provider);
  const saved = stateFile.load();
  books.restore(saved);
  const listening = await listen(app, o.port ?? 0);

  if (isRecord(saved)) deliverer.restore(saved['deliveries']);
  // Catches up on what would have happened by itself while we were stopped.
  for (const refund of books.refunds.values()) settleByItself(parts, refund);
  for (const payment of books.payments.values()) settleInTime(parts, payment);
  if (books.autoPay) for (const payment of books.payments.values()) payLater(parts, payment);

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
