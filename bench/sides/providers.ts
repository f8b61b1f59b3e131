import { freePort, startNode } from '../../stack/index.ts';
import { fileURLToPath } from 'node:url';
import { type Closers, SECRETS, warnings } from '../stack.ts';

export interface Providers {
  readonly stripeUrl: string;
  /** The PSP of a side: each has one of its own, since a PSP has one address for webhooks. */
  pspUrl(side: string): string;
  /** Where the side has to take webhooks. */
  webhookPort(side: string): number;
  /** Runs a control of the PSP's or Stripe's stand-in (stand-ins/README.md). */
  control(url: string, verb: string, input: object): Promise<unknown>;
}

/** The path at which each side takes its PSP's webhooks. */
const WEBHOOK_PATHS: Readonly<Record<string, string>> = { veza: '/api/v1/webhooks/hyperswitch' };

/** All stand-ins, in one process of their own, so that none costs the driver or a side anything. */
export async function startProviders(
  sides: readonly string[],
  closers: Closers,
  say: (line: string) => void,
): Promise<Providers> {
  const stripePort = await freePort();
  const psps: { port: number; webhookUrl: string }[] = [];
  const ports = new Map<string, { psp: number; webhooks: number }>();
  for (const side of sides) {
    const port = { psp: await freePort(), webhooks: await freePort() };
    ports.set(side, port);
    const path = WEBHOOK_PATHS[side] ?? '/webhooks';
    psps.push({ port: port.psp, webhookUrl: `http://127.0.0.1:${port.webhooks}${path}` });
  }
  const script = fileURLToPath(new URL('../providers.ts', import.meta.url));
  const env = {
    PATH: process.env['PATH'] ?? '',
    ...SECRETS,
    BENCH_PROVIDERS: JSON.stringify({ stripePort, psps }),
  };
  const running = startNode({ name: 'providers', script, env, onLine: warnings(say) });
  closers.push(() => running.stop());
  await running.ready;
  const portsOf = (side: string) => {
    const found = ports.get(side);
    if (found === undefined) throw new Error(`there is no side ${side}`);
    return found;
  };
  return {
    stripeUrl: `http://127.0.0.1:${stripePort}`,
    pspUrl: (side) => `http://127.0.0.1:${portsOf(side).psp}`,
    webhookPort: (side) => portsOf(side).webhooks,
    control: (url, verb, input) => postJson(`${url}/_sandbox/${verb}`, input, {}),
  };
}

/** Makes a payment at the PSP that is paid, and says nothing of it. */
export async function payAt(providers: Providers, pspUrl: string, orderId: string, amountMinor: number) {
  const body = { payment_id: orderId, amount: amountMinor, currency: 'EUR' };
  await postJson(`${pspUrl}/payments`, body, { 'api-key': SECRETS.HYPERSWITCH_API_KEY });
  await providers.control(pspUrl, 'pay', { paymentId: orderId, webhook: false });
}

/** Sends a share to a seller's account at Stripe. Returns the transfer's id. */
export async function transferAt(
  { stripeUrl }: Providers,
  accountId: string,
  amountMinor: number,
): Promise<string> {
  const answer = await fetch(`${stripeUrl}/v1/transfers`, {
    method: 'POST',
    headers: { authorization: `Bearer ${SECRETS.STRIPE_SECRET_KEY}` },
    body: new URLSearchParams({ amount: String(amountMinor), currency: 'eur', destination: accountId }),
  });
  if (!answer.ok) throw new Error(`Stripe answered ${answer.status}: ${await answer.text()}`);
  const { id } = (await answer.json()) as { id: string };
  return id;
}

async function postJson(
  url: string,
  body: object,
  headers: Readonly<Record<string, string>>,
): Promise<unknown> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text}`);
  return JSON.parse(text) as unknown;
}
