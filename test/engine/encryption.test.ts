import { randomBytes } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { afterEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../config.ts';
import { createCodec } from '../../engine/codec.ts';
import { createClient } from '../../engine/connect.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { encodingOf, type FoundPayload, keyOf, lookThrough, readableIn, textOf } from './payloads.ts';
import { openCatalog } from '../harness/shop.ts';
import { adopted, attempted, eventually, until } from '../harness/wait.ts';
import { type Refunded, refundedOrder } from '../harness/refunded.ts';
import { completedOrder, openedRefund } from '../harness/stories.ts';
import { REFUSED } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
const [A, B] = [key('a'), key('b')];
const ring = (...keys: readonly string[]) => ({ PAYLOAD_ENCRYPTION_KEYS: keys.join(',') });

let world: World;
const begin = async (...keys: readonly string[]) => (world = await World.create({ env: ring(...keys) }));
afterEach(async () => world.close());

/** A client of a process that has these keys, whatever the world's own has. */
const clientWith = (...keys: readonly string[]): Client =>
  createClient(world.temporal.connection, readConfig({ ...world.env, ...ring(...keys) }));

async function codecWith(...keys: readonly string[]) {
  const { PAYLOAD_ENCRYPTION_KEYS } = readConfig({ ...world.env, ...ring(...keys) });
  return createCodec(PAYLOAD_ENCRYPTION_KEYS);
}

/** The main job, with a reversal that needs two attempts. */
const mainJob = async (): Promise<Refunded> => {
  const refunded = await refundedOrder(world, { troubles: [REFUSED] });
  expect(await world.finished(refunded.workflowId)).toEqual({ status: 'reversed' });
  return refunded;
};
const workflowsOf = ({ orderId, transfer, refundId, workflowId }: Refunded) => [
  `order/${orderId}`,
  `transfer/${transfer.id}`,
  `refund/${refundId}`,
  workflowId,
];

/** What is never encrypted: attributes to search by, headers (the request's id and trace), and what Temporal's core writes. */
const isTemporals = ({ where }: FoundPayload) =>
  /\.(?:searchAttributes|header)\./.test(where) ||
  where === 'events.markerRecordedEventAttributes.details.data.payloads';

/** A refund that the PSP has and whose webhook has not come. */
async function waitingRefund() {
  world.psp.control.setRefundMode('manual');
  const { buyer, products } = await openCatalog(world);
  const { orderId } = await completedOrder(world, buyer, [products[0]!.id]);
  const refundId = await openedRefund(world, buyer, orderId);
  await adopted(world, refundId);
  return { refundId, workflowId: `refund/${refundId}` };
}

const keysIn = async (workflowId: string) => {
  const { payloads } = await lookThrough(world, workflowId);
  const own = payloads.filter((found) => !isTemporals(found));
  return new Set(own.map(({ payload }) => keyOf(payload) ?? encodingOf(payload)));
};

describe('with keys', () => {
  it('the main job passes, and nothing of it can be read in any history', async () => {
    await begin(A);
    const refunded = await mainJob();
    for (const workflowId of workflowsOf(refunded)) {
      const found = await lookThrough(world, workflowId);
      const own = found.payloads.filter((payload) => !isTemporals(payload));
      expect(own.length).toBeGreaterThan(3);
      for (const { where, payload } of own) expect(encodingOf(payload), where).toBe('binary/encrypted');
      // Summaries, memo, details, signals and results are among them.
      const kinds = own.map(({ where }) => where);
      expect(kinds).toContain('events.userMetadata.summary');
      expect(kinds).toContain('events.workflowExecutionCompletedEventAttributes.result.payloads');
    }
    await expectCleanBooks(world);
  });

  it('failures are encrypted too: their messages, their stacks', async () => {
    await begin(A);
    const fault = world.psp.control.addFault({
      kind: 'status',
      status: 503,
      match: 'refunds.create',
      times: 'always',
    });
    const { buyer, products } = await openCatalog(world);
    const { orderId } = await completedOrder(world, buyer, [products[0]!.id]);
    const refundId = await openedRefund(world, buyer, orderId);
    await attempted(world, `refund/${refundId}`, 2);
    const { failures } = await lookThrough(world, `refund/${refundId}`);
    expect(failures.length).toBeGreaterThan(0);
    for (const failure of failures)
      expect(failure).toMatchObject({ message: 'Encoded failure', stackTrace: '' });

    world.psp.control.clearFaults(fault);
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
  });

  it('whoever has the keys reads all of it', async () => {
    await begin(A);
    const { refundId, orderId } = await mainJob();
    const described = await world.temporal.workflow.getHandle(`refund/${refundId}`).describe();
    expect(await described.staticSummary()).toContain(`on order ${orderId}`);
    const codec = await codecWith(A);
    const { payloads } = await lookThrough(world, `refund/${refundId}`);
    const read = await codec.decode(payloads.map(({ payload }) => payload));
    expect(read.map(textOf).join('\n')).toContain('"status":"succeeded"');
  });
});

it('without keys everything is sent in the clear, as before', async () => {
  await begin();
  const refunded = await mainJob();
  for (const workflowId of workflowsOf(refunded)) {
    const found = await lookThrough(world, workflowId);
    expect(new Set(found.payloads.map(({ payload }) => encodingOf(payload)))).not.toContain(
      'binary/encrypted',
    );
  }
  expect(readableIn(await lookThrough(world, `refund/${refunded.refundId}`))).toContain(refunded.orderId);
});

it('keys switched on while a refund is open: it goes on, and what was in the clear is still read', async () => {
  await begin();
  const { workflowId } = await waitingRefund();
  await world.stopWorker();
  await world.startWorker(ring(A));
  const [refundId] = workflowId.split('/').slice(1);
  world.psp.control.settleRefund(refundId!, 'succeeded');
  expect(await clientWith(A).workflow.getHandle(workflowId).result()).toEqual({ status: 'succeeded' });
  expect(await keysIn(workflowId)).toEqual(new Set(['json/plain', 'a']));
});

it('switched on in two steps: processes that only decrypt work beside others that encrypt already', async () => {
  await begin(A);
  const onlyReads = { ...ring(A), PAYLOAD_ENCRYPTION_KEY_ID: 'none' };
  await world.stopWorker();
  // Step 1 has reached the worker, step 2 only the API.
  await world.startWorker(onlyReads);
  const { refundId, workflowId } = await waitingRefund();
  world.psp.control.settleRefund(refundId, 'succeeded');
  const reader = createClient(world.temporal.connection, readConfig({ ...world.env, ...onlyReads }));
  expect(await reader.workflow.getHandle(workflowId).result()).toEqual({ status: 'succeeded' });
  // The API's words are encrypted, the worker's are not, and each has read the other's.
  expect(await keysIn(workflowId)).toEqual(new Set(['a', 'json/plain']));
  await eventually(async () => expectCleanBooks(world));
});

it('switched off in two steps: who only decrypts ends what was begun encrypted', async () => {
  await begin(A);
  const { refundId, workflowId } = await waitingRefund();
  await world.stopWorker();
  await world.startWorker({ ...ring(A), PAYLOAD_ENCRYPTION_KEY_ID: 'none' });
  world.psp.control.settleRefund(refundId, 'succeeded');
  expect(await world.finished(workflowId)).toEqual({ status: 'succeeded' });
  const { payloads } = await lookThrough(world, workflowId);
  const result = payloads.find(({ where }) => where.includes('ExecutionCompleted'));
  expect(encodingOf(result!.payload)).toBe('json/plain');
  expect(await keysIn(workflowId)).toEqual(new Set(['a', 'json/plain']));
  await eventually(async () => expectCleanBooks(world));
});

it('a key rotated while a refund is open: begun under one, ended under the next', async () => {
  await begin(A);
  const { refundId, workflowId } = await waitingRefund();
  await world.stopWorker();
  await world.startWorker(ring(B, A));
  world.psp.control.settleRefund(refundId, 'succeeded');
  expect(await clientWith(B, A).workflow.getHandle(workflowId).result()).toEqual({ status: 'succeeded' });
  expect(await keysIn(workflowId)).toEqual(new Set(['a', 'b']));
  for (const reversal of await world.reversalsOf(refundId)) await world.finished(`reversal/${reversal.id}`);
  await expectCleanBooks(world);
});

it('a worker that lacks the key loses nothing: its tasks fail visibly, and the key heals them', async () => {
  await begin(A);
  const { refundId, workflowId } = await waitingRefund();
  await world.stopWorker();
  await world.startWorker(ring(B));
  world.psp.control.settleRefund(refundId, 'succeeded');

  const failedTask = async () =>
    (await lookThrough(world, workflowId)).failures.filter(({ where }) =>
      where.includes('workflowTaskFailed'),
    );
  await until(failedTask, (failures) => failures.length > 0);
  expect((await world.refund(refundId)).status).toBe('pending');
  expect((await world.temporal.workflow.getHandle(workflowId).describe()).status.name).toBe('RUNNING');
  // It says why, in the words of whoever has its key.
  const codec = await codecWith(B, A);
  const { payloads } = await lookThrough(world, workflowId);
  const read = await codec.decode(payloads.map(({ payload }) => payload));
  expect(read.map(textOf).join('\n')).toContain('the key \\"a\\", which is not in the ring');

  await world.stopWorker();
  await world.startWorker(ring(B, A));
  expect(await clientWith(B, A).workflow.getHandle(workflowId).result()).toEqual({ status: 'succeeded' });
  await eventually(async () => expectCleanBooks(world));
});

it('an API that lacks the key answers 503, and the same call gives the true answer once it has it', async () => {
  await begin(A);
  const { buyer, products } = await openCatalog(world);
  const { orderId } = await completedOrder(world, buyer, [products[0]!.id]);
  await world.stopWorker();
  // The worker answers with a key that the API has not heard of yet.
  await world.startWorker(ring(B, A));
  const ask = () =>
    world.post(buyer, `/marketplace/orders/${orderId}/refund`, {}, { 'idempotency-key': 'rotating' });
  const answer = await ask();
  expect(answer.status).toBe(503);
  expect(answer.body).toMatchObject({ code: 'engine_unavailable', may_still_be_carried_out: true });
  expect(JSON.stringify(answer.body)).not.toContain('"b"');
  expect((await ask()).status).toBe(202);
});
