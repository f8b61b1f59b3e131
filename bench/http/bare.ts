import { createHmac, timingSafeEqual } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createAdaptorServer } from '@hono/node-server';
import { Client, Connection } from '@temporalio/client';
import { Hono } from 'hono';
import { jwtVerify } from 'jose';
import postgres from 'postgres';
import { toldOnce, toldSignal } from '../floor/workflow.ts';

// A process of its own: the least that anyone could do with the same requests. It checks the same token and the same
// signature, and answers with the same bytes.

export const BARE_TABLES = `
  CREATE TABLE bare_bodies (id uuid PRIMARY KEY, body text NOT NULL);
  CREATE TABLE bare_webhooks (event_id text PRIMARY KEY, body text NOT NULL, received_at timestamptz NOT NULL DEFAULT now())`;

const { DATABASE_URL = '', PORT = '', JWT_SECRET = '', TEMPORAL_ADDRESS = '' } = process.env;
const { HYPERSWITCH_WEBHOOK_SECRET: secret = '', FLOOR_TASK_QUEUE: taskQueue = '' } = process.env;

async function main(): Promise<void> {
  const sql = postgres(DATABASE_URL, { max: 20 });
  const client = new Client({ connection: await Connection.connect({ address: TEMPORAL_ADDRESS }) });
  const key = new TextEncoder().encode(JWT_SECRET);
  const app = new Hono();
  app.get('/bodies/:id', async (c) => {
    const token = c.req.header('authorization')?.slice('Bearer '.length) ?? '';
    await jwtVerify(token, key, { issuer: 'veza', audience: 'veza' });
    const [row] = await sql<{ body: string }[]>`SELECT body FROM bare_bodies WHERE id = ${c.req.param('id')}`;
    if (row === undefined) return c.json({ error: 'unknown' }, 404);
    return c.body(row.body, 200, { 'content-type': 'application/json' });
  });
  app.post('/webhooks/:then', async (c) => {
    const body = await c.req.text();
    const expected = createHmac('sha512', secret).update(body).digest();
    const given = Buffer.from(c.req.header('x-webhook-signature-512') ?? '', 'hex');
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      return c.json({ error: 'bad signature' }, 401);
    const { event_id: eventId } = JSON.parse(body) as { event_id: string };
    const kept = await sql`
      INSERT INTO bare_webhooks (event_id, body) VALUES (${eventId}, ${body}) ON CONFLICT DO NOTHING RETURNING event_id`;
    if (kept.length === 1 && c.req.param('then') === 'signalled') {
      await client.workflow.signalWithStart(toldOnce, {
        ...{
          workflowId: `told/${eventId}`,
          taskQueue,
          signal: toldSignal,
          signalArgs: [eventId] as [string],
        },
      });
    }
    return c.json({ received: true }, 200);
  });
  const server = createAdaptorServer({ fetch: app.fetch });
  process.on('SIGTERM', () => process.exit(0));
  server.listen(Number(PORT), '127.0.0.1', () => process.send?.({ ready: true }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
