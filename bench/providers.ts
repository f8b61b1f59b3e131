import { createServer } from 'node:http';
import { startHyperswitchSandbox } from '../stand-ins/hyperswitch/index.ts';
import { startStripeSandbox } from '../stand-ins/stripe/index.ts';
import { SECRETS } from './stack.ts';

// A process of its own: the stand-ins of all sides. It listens on the ports that it is told and ends with its parent.

interface Told {
  readonly stripePort: number;
  readonly psps: readonly { readonly port: number; readonly webhookUrl: string }[];
}

/** Stripe's own events are no part of what is compared: they end here. */
const sink = createServer((request, response) => request.resume().on('end', () => response.end('{}')));
await new Promise<void>((listening) => sink.listen(0, '127.0.0.1', listening));
const address = sink.address();
if (address === null || typeof address === 'string') throw new Error('the sink listens on no port');

const { stripePort, psps } = JSON.parse(process.env['BENCH_PROVIDERS'] ?? '') as Told;
await startStripeSandbox({
  port: stripePort,
  secretKey: SECRETS.STRIPE_SECRET_KEY,
  webhookSecret: SECRETS.STRIPE_WEBHOOK_SECRET,
  webhookUrl: `http://127.0.0.1:${address.port}`,
});
for (const psp of psps) {
  await startHyperswitchSandbox({
    ...psp,
    apiKey: SECRETS.HYPERSWITCH_API_KEY,
    webhookSecret: SECRETS.HYPERSWITCH_WEBHOOK_SECRET,
  });
}
process.on('SIGTERM', () => process.exit(0));
process.send?.({ ready: true });
