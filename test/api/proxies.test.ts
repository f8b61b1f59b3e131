import { request } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditLog } from '../../db/kernel/schema.ts';
import { createClientFinder } from '../../trusted-proxies.ts';
import { storedWebhook } from '../harness/stories.ts';
import { addUser, bearer, CONFIG, openApi } from '../harness/api.ts';

const findClient = createClientFinder(['10.0.0.0/8', '192.0.2.1', '2001:db8:1::/48']);
const find = (peer: string, forwardedFor?: string, forwardedProto?: string) =>
  findClient({
    peer,
    isEncrypted: false,
    header: (name) =>
      new Map([
        ['x-forwarded-for', forwardedFor],
        ['x-forwarded-proto', forwardedProto],
      ]).get(name),
  });

describe('the client behind trusted proxies', () => {
  test.each([
    ['nobody in between', '198.51.100.7', undefined, '198.51.100.7'],
    ['a stranger who forges the header', '198.51.100.7', '1.2.3.4', '198.51.100.7'],
    ['one proxy', '10.0.0.5', '198.51.100.7', '198.51.100.7'],
    ['a client who forges it behind a proxy', '10.0.0.5', '1.2.3.4, 198.51.100.7', '198.51.100.7'],
    ['two proxies', '10.0.0.5', '1.2.3.4, 198.51.100.7, 192.0.2.1', '198.51.100.7'],
    ['a trusted address forged left of a stranger', '10.0.0.5', '10.9.9.9, 198.51.100.7', '198.51.100.7'],
    ['a proxy that says nothing', '10.0.0.5', undefined, '10.0.0.5'],
    ['our own health check', '10.0.0.5', '10.0.0.9', '10.0.0.9'],
    ['garbage from the client', '10.0.0.5', "'; DROP TABLE users, 10.0.0.9", '10.0.0.9'],
    ['garbage alone', '10.0.0.5', 'unknown', '10.0.0.5'],
    ['ports', '10.0.0.5', '198.51.100.7:4711', '198.51.100.7'],
    ['IPv6 with a port', '2001:db8:1::9', '[2001:db8:2::7]:4711', '2001:db8:2::7'],
    ['an IPv4 peer of a dual-stack socket', '::ffff:10.0.0.5', '198.51.100.7', '198.51.100.7'],
    ['a zone, which no column of addresses holds', 'fe80::1%eth0', undefined, 'fe80::1'],
  ])('%s', (_, peer, forwardedFor, ip) => {
    expect(find(peer, forwardedFor).ip).toBe(ip);
  });

  test.each([
    ['a stranger who says https', '198.51.100.7', 'https', false],
    ['a proxy that says https', '10.0.0.5', 'https', true],
    ['a proxy that says http', '10.0.0.5', 'http', false],
    ['a proxy that says nothing', '10.0.0.5', undefined, false],
    ['a client who says https to a proxy that adds http', '10.0.0.5', 'https, http', false],
  ])('%s: https is %s', (_, peer, forwardedProto, isHttps) => {
    expect(find(peer, undefined, forwardedProto).isHttps).toBe(isHttps);
  });
});

describe('the audit log', () => {
  let url: string;
  let world: Awaited<ReturnType<typeof openApi>>;
  beforeAll(async () => {
    world = await openApi({ config: { ...CONFIG, TRUSTED_PROXIES: ['127.0.0.1'] } });
    const server = createAdaptorServer({ fetch: world.app.fetch }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    afterAll(() => void server.close());
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  test('has the address that our own proxy vouches for, not one that the client made up', async () => {
    const id = await storedWebhook(world, { provider: 'stripe', type: 'account.updated', body: '{}' });
    const sub = await addUser(world.database, 'admin');
    const replay = request(`${url}/api/v1/admin/webhooks/${id}/replay`, {
      method: 'POST',
      headers: {
        ...(await bearer({ sub, role: 'admin' })),
        'X-Forwarded-For': '1.2.3.4, 198.51.100.7',
      },
    });
    replay.end();
    await once(replay, 'response');
    const [row] = await world.database.db.select().from(auditLog);
    expect(row).toMatchObject({ actor: sub, ip: '198.51.100.7' });
  });
});
