import { onTestFinished } from 'vitest';
import { type HyperswitchSandbox, startHyperswitchSandbox } from '../../stand-ins/hyperswitch/index.ts';
import { type Receiver, startReceiver } from './receiver.ts';

export const API_KEY = 'snd_key_1234';
export const WEBHOOK_SECRET = 'response_hash_key';

export interface Answered {
  status: number;
  body: Record<string, unknown>;
  error: Record<string, unknown>;
}

export interface World {
  sandbox: HyperswitchSandbox;
  control: HyperswitchSandbox['control'];
  receiver: Receiver;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>;
  /** A payment that the buyer has paid. */
  paid(paymentId: string, amount?: number): Promise<void>;
  refund(body: Record<string, unknown>): Promise<Answered>;
}

type Options = Partial<Parameters<typeof startHyperswitchSandbox>[0]>;

export async function hyperswitchWorld(o: Options = {}): Promise<World> {
  const receiver = await startReceiver();
  const sandbox = await startHyperswitchSandbox({
    apiKey: API_KEY,
    webhookSecret: WEBHOOK_SECRET,
    webhookUrl: () => receiver.url,
    retryScaleMs: 10,
    ...o,
  });
  onTestFinished(async () => {
    await sandbox.close();
    await receiver.close();
  });
  const call: World['call'] = async (method, path, body, headers = {}) => {
    const response = await fetch(sandbox.url + path, {
      method,
      headers: { 'api-key': API_KEY, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    return {
      status: response.status,
      body: answer,
      error: (answer['error'] ?? {}) as Record<string, unknown>,
    };
  };
  return {
    sandbox,
    control: sandbox.control,
    receiver,
    call,
    paid: async (paymentId, amount = 10_000) => {
      await call('POST', '/payments', { payment_id: paymentId, amount, currency: 'USD' });
      sandbox.control.pay(paymentId);
      await sandbox.control.waitForDelivery((d) => d.objectId === paymentId);
    },
    refund: (body) => call('POST', '/refunds', body),
  };
}
