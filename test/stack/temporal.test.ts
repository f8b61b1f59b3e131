import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identityOf, isAlive } from '../../stack/identity.ts';
import { makeScratch, type Scratch } from '../../stack/scratch.ts';
import { startTemporal, type EmbeddedTemporal } from '../../stack/temporal.ts';

let scratch: Scratch;
let running: EmbeddedTemporal | undefined;

beforeEach(async () => void (scratch = await makeScratch()));
afterEach(async () => {
  await running?.stop();
  running = undefined;
  scratch.remove();
});

const start = async (): Promise<EmbeddedTemporal> =>
  (running = await startTemporal({
    dbFile: join(scratch.dir, 'temporal.db'),
    logFile: join(scratch.dir, 'temporal.log'),
  }));

async function withClient<T>({ address }: EmbeddedTemporal, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

const startWorkflow = (client: Client) =>
  client.workflow.start('waiting', { taskQueue: 'nobody', workflowId: 'kept' });
const statusOf = async (client: Client) => (await client.workflow.getHandle('kept').describe()).status.name;

test('what is in flight is there after a restart, also after a kill', async () => {
  const first = await start();
  await withClient(first, startWorkflow);
  await first.stop();

  const second = await start();
  expect(await withClient(second, statusOf)).toBe('RUNNING');
  const killed = identityOf(second.pid);
  process.kill(second.pid, 'SIGKILL');
  await second.stop();

  const third = await start();
  expect(await withClient(third, statusOf)).toBe('RUNNING');
  expect(killed && isAlive(killed)).toBe(false);
});

test('the Web UI is served, and a wanted port is used', async () => {
  running = await startTemporal({ logFile: join(scratch.dir, 'temporal.log'), port: 31_997 });
  expect(running.address).toMatch(/^127\.0\.0\.1:\d+$/);
  expect((await fetch(running.uiUrl ?? '')).status).toBe(200);
});

test('a start that fails shows the end of the log', async () => {
  const options = { binary: '/bin/false', logFile: join(scratch.dir, 'temporal.log') };
  await expect(startTemporal(options)).rejects.toThrow(/dev server did not start: ended with code 1/);
});
