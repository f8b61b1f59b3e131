import { eq } from 'drizzle-orm';
import { beforeAll, expect, test } from 'vitest';
import { auditLog } from '../../db/kernel/schema.ts';
import { addUser, type ApiWorld, openApi } from '../harness/api.ts';
import { run, runOpsHere } from '../harness/processes.ts';

interface Printed {
  readonly key: string;
  readonly api_key: { readonly id: string; readonly prefix: string };
}

let world: ApiWorld;
let admin: string;
let user: string;
beforeAll(async () => {
  world = await openApi();
  admin = await addUser(world.database, 'admin');
  user = await addUser(world.database, 'artist');
});

const env = () => ({ DATABASE_URL: world.databaseUrl, OPS_ACTOR: admin });
const ops = (...args: string[]) => runOpsHere(['api-key', ...args], env());

/** In a process of its own, as an operator starts it. */
async function created(...more: string[]): Promise<Printed> {
  const args = ['--user', admin, '--name', 'nightly export', '--scope', 'read', '--reason', 'a new importer'];
  const line = ['api-key', 'create', ...args, ...more, '--json'];
  const { code, stdout, stderr } = await run('ops/cli.ts', line, env());
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Printed;
}

const statusWith = async (key: string) =>
  (await world.app.request('/api/v1/marketplace/orders', { headers: { 'X-API-Key': key } })).status;

const auditLogOf = (id: string) =>
  world.database.db
    .select()
    .from(auditLog)
    .where(eq(auditLog.subject, `api_key/${id}`))
    .orderBy(auditLog.id);

test('a key is made, shown once, opens the API, and is revoked; each with who and why', async () => {
  const { key, api_key: made } = await created('--ttl', '90d', '--writes-per-hour', '7');
  expect(made).toMatchObject({
    user_id: admin,
    scopes: ['read'],
    reads_per_hour: 1000,
    writes_per_hour: 7,
    expires_at: expect.any(String),
  });
  expect(key.startsWith(made.prefix)).toBe(true);
  expect(await statusWith(key)).toBe(200);

  const listed = await ops('list', '--user', admin, '--json');
  expect(JSON.parse(listed.stdout)).toMatchObject({ data: [{ id: made.id, name: 'nightly export' }] });
  const read = await ops('list');
  expect(read.stdout).toMatch(
    new RegExp(`^${made.id} +${made.prefix} +opens +read +as ${admin}, last used .*: nightly export$`, 'm'),
  );
  expect(listed.stdout + read.stdout).not.toContain(key.slice(-64));

  const revoked = await ops('revoke', made.id, '--reason', 'was in a log', '--json');
  expect(JSON.parse(revoked.stdout)).toMatchObject({
    api_key: { id: made.id, revoked_at: expect.any(String) },
  });
  expect(await statusWith(key)).toBe(401);
  expect(await auditLogOf(made.id)).toMatchObject([
    { action: 'api_key.create', actor: admin, reason: 'a new importer' },
    { action: 'api_key.revoke', actor: admin, reason: 'was in a log' },
  ]);
});

test('for people: the key stands alone in the first line', async () => {
  const args = ['--user', admin, '--name', 'x', '--scope', 'read', '--scope', 'write', '--reason', 'why'];
  const { code, stdout } = await ops('create', ...args);
  expect(code).toBe(0);
  const [key = '', ...rest] = stdout.split('\n');
  expect(await statusWith(key)).toBe(200);
  expect(rest.join('\n')).not.toContain(key.slice(-64));
});

test('for somebody else it waits for a second admin, and opens nothing until then: exit 3', async () => {
  const args = ['--user', user, '--name', 'x', '--scope', 'read', '--reason', 'their shop system'];
  const { code, stdout } = await ops('create', ...args, '--json');
  expect(code).toBe(3);
  const { key, approval } = JSON.parse(stdout) as { key: string; approval: Record<string, unknown> };
  expect(approval).toMatchObject({ action: 'make_api_key', status: 'pending', amount: null });
  expect(await statusWith(key)).toBe(401);
});

const ASKED = ['create', '--user', '0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11', '--name', 'x'];
test.each([
  [[], 2, 'create, list, revoke'],
  [['dance'], 2, 'create, list, revoke'],
  [[...ASKED, '--reason', 'why'], 2, '--scope'],
  [[...ASKED, '--reason', 'why', '--scope', 'read', '--scope', 'root'], 2, '--scope'],
  [[...ASKED, '--scope', 'read'], 2, '--reason'],
  [[...ASKED, '--scope', 'read', '--reason', 'why', '--ttl', '0s'], 2, '--ttl'],
  [[...ASKED, '--scope', 'read', '--reason', 'why', '--reads-per-hour', '1.5'], 2, '--reads-per-hour'],
  [[...ASKED, '--scope', 'read', '--reason', 'why'], 1, 'no such user'],
  [['revoke', 'vz_live_1a2b3c4d5e6f', '--reason', 'why'], 2, 'id (UUID)'],
  [['revoke', '0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11'], 2, '--reason'],
  [['revoke', '0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11', '--reason', 'why'], 1, 'no API key'],
])('%j is refused: exit %i', async (args, exit, word) => {
  const { code, stdout, stderr } = await ops(...args);
  expect({ code, stdout }).toEqual({ code: exit, stdout: '' });
  expect(stderr).toContain(word);
});

test('nobody but an admin makes keys here, whoever it is said to be', async () => {
  const args = ['--user', user, '--name', 'mine', '--scope', 'admin', '--reason', 'why', '--actor', user];
  const { code, stdout, stderr } = await ops('create', ...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('no admin');
  expect((await ops('list')).stdout).not.toContain('mine');
});
