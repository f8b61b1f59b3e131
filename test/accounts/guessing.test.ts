import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createBreachCheck } from '../../providers/breached-passwords/index.ts';
import { createMailer } from '../../providers/smtp/mailer.ts';
import { type SmtpSandbox, startSmtpSandbox } from '../../stand-ins/smtp/index.ts';
import { openApi, type ApiWorld } from '../harness/api.ts';
import { addAccount, ask } from './support.ts';

let smtp: SmtpSandbox;
let world: ApiWorld;
beforeAll(async () => {
  smtp = await startSmtpSandbox();
  const from = 'no-reply@shop.example';
  const mailer = createMailer({ host: smtp.host, port: smtp.port, tls: 'none', timeoutMs: 2_000, from });
  world = await openApi({ mailer });
});
afterAll(() => smtp.close());

/** The API by HTTP, until the test is over. */
async function serving(): Promise<string> {
  const server = serve({ fetch: world.app.fetch, port: 0, hostname: '127.0.0.1' });
  onTestFinished(() => void server.close());
  if (!server.listening) await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The same, behind a server that passes on later what names one of these addresses. */
async function slowFor(emails: readonly string[], url: string): Promise<string> {
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request);
    if (emails.some((email) => body.includes(email))) await setTimeout(700);
    const headers = { 'Content-Type': 'application/json' };
    const answer = await fetch(`${url}${request.url}`, { method: 'POST', headers, body });
    response.writeHead(answer.status).end(await answer.text());
  };
  const server = createServer((request, response) => void pass(request, response));
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('200 logins at once: some 503, files still served', async () => {
  const url = await serving();
  const body = (number: number) => ({
    email: `nobody-${number}@people.example`,
    password: 'wrong as can be',
  });
  const logging = { isOver: false };
  const logins = Promise.all(
    Array.from({ length: 200 }, (_, number) => ask(world, 'POST', '/auth/login', { body: body(number) })),
  ).finally(() => void (logging.isOver = true));
  const waitsMs: number[] = [];
  while (!logging.isOver) {
    const fromMs = performance.now();
    // The bytes of a file, read from the disk.
    const response = await fetch(`${url}/docs/swagger-ui.css`);
    expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(1_000);
    waitsMs.push(performance.now() - fromMs);
  }
  const answers = await logins;
  const codes = new Set(answers.map(({ status, body: { code } }) => `${status} ${code}`));
  expect(codes).toEqual(new Set(['401 invalid_credentials', '503 overloaded']));
  // A read waits for no hash: with the hashes of all at once, one read took 1.3 s.
  expect(waitsMs.length).toBeGreaterThan(3);
  const middle = waitsMs.toSorted((a, b) => a - b)[Math.floor(waitsMs.length / 2)];
  expect(middle).toBeLessThan(500);
  // Who was not heard has not failed: the same attempt is open again.
  const refused = answers.findIndex(({ status }) => status === 503);
  expect((await ask(world, 'POST', '/auth/login', { body: body(refused) })).status).toBe(401);
});

describe('the probe of the times of known and unknown addresses', () => {
  async function probe(url: string, emails: readonly string[]) {
    const script = fileURLToPath(new URL('../../scripts/probes/address-times.sh', import.meta.url));
    return new Promise<{ code: number; rows: string[] }>((resolve) => {
      const env = { PATH: process.env['PATH'], VEZA_API_URL: url, VEZA_PROBE_MS: '300' };
      execFile(script, [...emails], { env }, (error, stdout) => {
        resolve({ code: Number(error?.code ?? 0), rows: stdout.trim().split('\n').slice(1) });
      });
    });
  }
  const known = async () =>
    (await Promise.all(Array.from({ length: 6 }, () => addAccount(world)))).map(({ email }) => email);

  test('shows them side by side', async () => {
    const { code, rows } = await probe(await serving(), await known());
    expect(code, rows.join('\n')).toBe(0);
    expect(rows.map((row) => row.split(/ +/)[0])).toEqual([
      ...['/auth/login', '/auth/register', '/auth/password-reset', '/auth/verify-email/resend'],
    ]);
    for (const row of rows.slice(1)) {
      const [, ofKnown, ofUnknown] = row.split(/ +/);
      expect(Number(ofKnown), row).toBeGreaterThanOrEqual(499);
      expect(Number(ofUnknown), row).toBeGreaterThanOrEqual(499);
    }
  });

  test('fails where known ones take longer, all answered alike', async () => {
    const emails = await known();
    const url = await slowFor(emails, await serving());
    const { code, rows } = await probe(url, emails);
    expect(code, rows.join('\n')).toBe(1);
    const statuses = rows.map((row) => row.split(/ {2,}/).at(-1)?.trim());
    expect(new Set(statuses)).toEqual(new Set(['401 | 401', '202 | 202']));
  });
});

describe('a password that leaked', () => {
  const LEAKED = 'a password that has leaked';
  const digest = createHash('sha1').update(LEAKED).digest('hex').toUpperCase();

  async function service(answer: 'says' | 'fails' | 'stalls') {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      if (answer === 'stalls') return;
      response.statusCode = answer === 'fails' ? 500 : 200;
      response.end(`${'0'.repeat(35)}:0\r\n${digest.slice(5)}:37\r\n`);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const close = () => {
      server.closeAllConnections();
      server.close();
    };
    return { asked, isBreached: createBreachCheck(`http://127.0.0.1:${port}/range/`), close };
  }

  test('is found by five digits of its hash', async () => {
    const { asked, isBreached, close } = await service('says');
    expect([await isBreached(LEAKED), await isBreached('one that nobody knows')]).toEqual([true, false]);
    expect(asked[0]).toBe(`/range/${digest.slice(0, 5)}`);
    close();
  });

  test.each(['fails', 'stalls'] as const)('passes where the service %s', async (answer) => {
    const { isBreached, close } = await service(answer);
    expect(await isBreached(LEAKED)).toBe(false);
    close();
  });
});
