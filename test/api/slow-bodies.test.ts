import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer, type RunningServer } from '../../server.ts';
import { readConfig } from '../../config.ts';
import { listening, start } from '../harness/processes.ts';
import { createDatabaseFromTemplate, type TestDatabase, temporalAddress } from '../harness/services.ts';
import { SECRET } from '../harness/api.ts';

// Bodies of strangers, over real sockets: what they hold of this process is bounded, and who sends at once is served.

const MIB = 1024 * 1024;
const WEBHOOK = '/api/v1/webhooks/hyperswitch';
const LOGIN = '/ops/login';

let database: TestDatabase;
let env: Record<string, string>;
beforeAll(async () => {
  database = await createDatabaseFromTemplate();
  env = {
    NODE_ENV: 'test',
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress(),
    PORT: '0',
    JWT_SECRET: SECRET,
    TRIAL_HASH_KEY: 'a-key-for-trials-of-the-tests-only',
    PERSONAL_DATA_KEYS: 'tests:YS1rZXktb2YtcGVyc29ucy1vZi10aGUtdGVzdHMtMDA=',
    LOG_LEVEL: 'info',
    HYPERSWITCH_BASE_URL: 'http://127.0.0.1:1',
    HYPERSWITCH_API_KEY: 'snd_test',
    HYPERSWITCH_WEBHOOK_SECRET: 'whsec_hyperswitch_test',
    STRIPE_SECRET_KEY: 'sk_test_x',
    STRIPE_WEBHOOK_SECRET: 'whsec_stripe_test',
  };
});
afterAll(() => database.drop());

interface Sender {
  readonly socket: Socket;
  /** What came back, so far. */
  readonly answer: () => string;
  readonly closed: Promise<unknown>;
}

/** Sends the head of a request that promises a body of so many bytes, and whatever of it is given. */
async function sender(url: string, path: string, length: number, part: Uint8Array | string): Promise<Sender> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.on('data', (chunk) => void (answer += String(chunk)));
  // Whoever is refused in the middle of a body may be cut off before the answer has gone out.
  socket.on('error', () => undefined);
  const closed = once(socket, 'close').catch(() => undefined);
  await once(socket, 'connect');
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${path === LOGIN ? 'application/x-www-form-urlencoded' : 'application/json'}\r\nContent-Length: ${length}\r\n\r\n`,
  );
  socket.write(part);
  return { socket, answer: () => answer, closed };
}

/** An honest one: unsigned, so 401 says that its body was read to the end. */
const honest = (url: string, bytes: number) =>
  fetch(`${url}${WEBHOOK}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: 'x'.repeat(bytes),
    signal: AbortSignal.timeout(10_000),
  }).then((response) => response.status);

test('500 connections that stop just below 1 MiB do not hold 500 MiB, and others are served meanwhile', async () => {
  const server = start('server.ts', [], env);
  const url = await listening(server);
  const heldMiB = () =>
    Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))![1]) / 1024;
  await honest(url, 1_000);
  const before = heldMiB();
  const part = Buffer.alloc(MIB - 1, 'x');
  const senders: Sender[] = [];
  let highest = before;
  for (let at = 0; at < 500; at += 1) {
    senders.push(await sender(url, at % 2 === 0 ? WEBHOOK : LOGIN, MIB, part));
    if (at % 20 === 0) {
      expect(await honest(url, 1_000)).toBe(401);
      highest = Math.max(highest, heldMiB());
    }
  }
  expect(await honest(url, MIB)).toBe(401);
  expect((await fetch(`${url}/health`)).status).toBe(200);
  highest = Math.max(highest, heldMiB());
  expect(highest - before).toBeLessThan(200);
  // None is held until the deadline of an answer.
  await Promise.all(senders.map(({ closed }) => closed));
  const answered = senders.map((one) => one.answer()).filter((text) => text !== '');
  for (const text of answered) expect(text).toMatch(/^HTTP\/1\.1 (408|503) /);
  server.child.kill('SIGTERM');
  expect(await server.ended).toMatchObject({ code: 0 });
}, 120_000);

describe('the pace of a body', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startServer(readConfig({ ...env, LOG_LEVEL: 'silent' }), {
      bodies: { windowMs: 500, windowBytes: 1_000, withinMs: 3_000, budgetBytes: 4 * MIB },
    });
  });
  afterAll(() => server.close());

  const dripping = async (one: Sender, bytes: number, everyMs: number) => {
    const timer = setInterval(() => one.socket.write('x'.repeat(bytes)), everyMs);
    await one.closed;
    clearInterval(timer);
  };

  test('a sender that stops is told so and closed', async () => {
    const one = await sender(server.url, WEBHOOK, 100, 'x');
    await one.closed;
    expect(one.answer()).toMatch(/^HTTP\/1\.1 408 /);
    expect(one.answer()).toContain('"code":"body_too_slow"');
    expect(one.answer().toLowerCase()).toContain('connection: close');
  });

  test('a sender of single bytes is closed', async () => {
    const one = await sender(server.url, LOGIN, MIB, 'x');
    await dripping(one, 1, 20);
    expect(one.answer()).not.toMatch(/^HTTP\/1\.1 [^4]/);
  });

  test('a sender that keeps the pace and never ends is closed all the same', async () => {
    const one = await sender(server.url, WEBHOOK, MIB, 'x');
    await dripping(one, 500, 50);
    expect(one.answer()).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('a slow sender that keeps the pace is served', async () => {
    const one = await sender(server.url, WEBHOOK, 10_000, '');
    for (let sent = 0; sent < 10_000; sent += 2_000) {
      one.socket.write('x'.repeat(2_000));
      await new Promise((resolve) => void setTimeout(resolve, 100));
    }
    while (one.answer() === '') await once(one.socket, 'data');
    expect(one.answer()).toMatch(/^HTTP\/1\.1 401 /);
    one.socket.destroy();
  });

  test('who stopped gives way when the budget is used up, and what it held is free again', async () => {
    const held = await Promise.all(
      Array.from({ length: 6 }, () => sender(server.url, WEBHOOK, MIB, Buffer.alloc(MIB - 1, 'x'))),
    );
    // Whoever has just sent something is not yet taken for one that has stopped.
    while ((await honest(server.url, MIB)) === 503);
    for (let time = 0; time < 10; time += 1) expect(await honest(server.url, MIB)).toBe(401);
    await Promise.all(held.map(({ closed }) => closed));
    expect(server.heldBodyBytes).toBe(0);
  });

  test('a body in pieces of one byte costs what it says', async () => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(`POST ${WEBHOOK} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
    socket.write('1\r\nx\r\n'.repeat(100_000));
    while (server.heldBodyBytes < 100_000) await new Promise((resolve) => void setTimeout(resolve, 10));
    expect(server.heldBodyBytes).toBeLessThan(300_000);
    socket.write('0\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(String(answer)).toMatch(/^HTTP\/1\.1 401 /);
    socket.destroy();
  });

  test('a client that leaves in the middle leaves nothing behind', async () => {
    const one = await sender(server.url, WEBHOOK, MIB, Buffer.alloc(MIB / 2, 'x'));
    while (server.heldBodyBytes === 0) await new Promise((resolve) => void setTimeout(resolve, 5));
    one.socket.destroy();
    while (server.heldBodyBytes > 0) await new Promise((resolve) => void setTimeout(resolve, 5));
  });
});
