import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

test('200 logins at once: some 503, files still served', async () => {
  const body = (number: number) => ({
    email: `nobody-${number}@people.example`,
    password: 'wrong as can be',
  });
  const logging = { isOver: false };
  const logins = Promise.all(
    Array.from({ length: 200 }, (_, number) => ask(world, 'POST', '/auth/login', { body: body(number) })),
  ).finally(() => void (logging.isOver = true));
  let served = 0;
  while (!logging.isOver) {
    await readFile(fileURLToPath(import.meta.url));
    served += 1;
  }
  const answers = await logins;
  const codes = new Set(answers.map(({ status, body: { code } }) => `${status} ${code}`));
  expect(codes).toEqual(new Set(['401 invalid_credentials', '503 overloaded']));
  // A read waits for no hash: with the hashes of all at once it would wait for them.
  expect(served).toBeGreaterThan(20);
  // Who was not heard has not failed: the same attempt is open again.
  const refused = answers.findIndex(({ status }) => status === 503);
  expect((await ask(world, 'POST', '/auth/login', { body: body(refused) })).status).toBe(401);
});

test('the probe shows the times of known and unknown addresses side by side', async () => {
  const accounts = await Promise.all(Array.from({ length: 6 }, () => addAccount(world)));
  const server = serve({ fetch: world.app.fetch, port: 0, hostname: '127.0.0.1' });
  if (!server.listening) await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const script = fileURLToPath(new URL('../../scripts/probes/address-times.sh', import.meta.url));
  const printed = await new Promise<string>((resolve, reject) => {
    execFile(
      script,
      accounts.map(({ email }) => email),
      { env: { PATH: process.env['PATH'], VEZA_API_URL: `http://127.0.0.1:${port}` } },
      (error, stdout) => (error ? reject(new Error(`${error.message}: ${stdout}`)) : resolve(stdout)),
    );
  });
  server.close();
  const rows = printed.trim().split('\n').slice(1);
  expect(rows.map((row) => row.split(/ +/)[0])).toEqual([
    ...['/auth/login', '/auth/register', '/auth/password-reset', '/auth/verify-email/resend'],
  ]);
  for (const row of rows.slice(1)) {
    const [, known, unknown] = row.split(/ +/);
    expect(Number(known), row).toBeGreaterThanOrEqual(499);
    expect(Number(unknown), row).toBeGreaterThanOrEqual(499);
  }
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
