import { Connection, isGrpcServiceError, ServiceError } from '@temporalio/client';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { callRetries, connectionOptions, createClient } from '../../engine/connect.ts';
import { endWorkflow, takeTask } from './tasks-by-hand.ts';
import { World } from '../harness/world.ts';

let world: World;
let unretried: Connection;
beforeAll(async () => {
  world = await World.create();
  unretried = await Connection.connect({ ...connectionOptions(world.config), interceptors: [] });
});
afterAll(async () => {
  await unretried.close();
  await world.close();
});

it('a signal to a workflow that is just closing is tried again at once, and a rate limit after a second', async () => {
  const workflowId = `closing/${uuidv7()}`;
  const taskQueue = `no-worker-${uuidv7()}`;
  const client = createClient(unretried, world.config);
  // The test holds each task for as long as a busy machine makes it.
  await client.workflow.start('anything', { workflowId, taskQueue, workflowTaskTimeout: '2 minutes' });
  const first = await takeTask(unretried, world.config.TEMPORAL_NAMESPACE, taskQueue);
  await client.workflow.getHandle(workflowId).signal('while a task runs');
  // A signal came meanwhile, so the server refuses the end and has the workflow look at it first.
  await expect(endWorkflow(unretried, first)).rejects.toThrow('UnhandledCommand');
  const second = await takeTask(unretried, world.config.TEMPORAL_NAMESPACE, taskQueue);

  const refused = await client.workflow
    .getHandle(workflowId)
    .signal('while it is closing')
    .catch((error: unknown) => error);
  const status = refused instanceof ServiceError ? refused.cause : null;
  if (!isGrpcServiceError(status)) throw new Error(`not refused: ${String(refused)}`);
  expect(status).toMatchObject({ code: 8, details: expect.stringContaining('closing') });
  expect(callRetries.retryableDecider(1, status)).toBe(true);
  expect(callRetries.delayFunction(1, status)).toBeLessThan(100);
  const { code, metadata } = status;
  const limited = { code, metadata, details: 'namespace rate limit exceeded' };
  expect(callRetries.delayFunction(1, limited)).toBeGreaterThan(1_000);

  await endWorkflow(unretried, second);
  await client.workflow.getHandle(workflowId).result();
});
