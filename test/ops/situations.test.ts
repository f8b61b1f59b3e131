import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sweepWorkflowId } from '../../domain/reconcile/ids.ts';
import { queryAt, WORKFLOW_LISTS } from '../../engine/lists/index.ts';
import { SITUATIONS } from '../../sandbox/situations/index.ts';
import { letTenMinutesPass, openScene, type Scene, statusOf, until } from '../../sandbox/situations/scene.ts';
import type { Made, Situation, Step } from '../../sandbox/situations/situation.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { openFlags } from '../harness/read.ts';
import { run } from '../harness/processes.ts';
import { makePerson } from '../harness/shop.ts';
import { takeTurn } from '../harness/turns.ts';
import { Operator, type Seen } from './console-client.ts';
import { createWorld } from '../reconcile/support.ts';
import type { World } from '../harness/world.ts';

// Every stuck situation of the runbook is made, and solved twice: by the console's forms, and by what Temporal's UI does.

let world: World;
let scene: Scene;
beforeAll(async () => {
  // Whoever waits, waits for longer than a test: it is the way out that ends it.
  world = await createWorld({
    REVERSAL_BACKOFF_BASE: '10m',
    REVERSAL_BACKOFF_MAX: '1h',
    TRANSFER_RETRY_BACKOFF_BASE: '10m',
    TRANSFER_RETRY_BACKOFF_MAX: '1h',
    PSP_RETRY_BASE: '2s',
    PSP_RETRY_MAX: '2s',
    // The ten minutes between two looks at the PSP for a refund that is given up.
    PSP_READ_LAG: '3s',
  });
  scene = await openScene(world);
});
// What one admin decides on within a day counts together.
beforeEach(async () => {
  operator = await Operator.signedIn(world, await makePerson(world, 'admin'));
});
afterAll(async () => {
  await scene.close();
  await world.close();
});

async function solve(
  { make, ends }: Situation,
  steps: readonly Step[],
  take: (step: Step, made: Made) => Promise<void>,
): Promise<void> {
  const made = await make(scene);
  expect(await statusOf(scene, made.subject)).not.toBe(ends);
  await made.heal();
  for (const step of steps) await take(step, made);
  await until(
    () => statusOf(scene, made.subject),
    (status) => status === ends,
  );
  await expectCleanBooks(world);
}

async function inTemporal(step: Step, { subject, workflowId = subject }: Made): Promise<void> {
  const workflow = world.temporal.workflow.getHandle(workflowId);
  switch (step.take) {
    case 'signal':
      return workflow.signal(step.signal);
    case 'sweep': {
      // What the Schedule starts when it is triggered.
      const options = {
        taskQueue: world.config.TEMPORAL_TASK_QUEUE,
        workflowId: sweepWorkflowId(uuidv7()),
        args: [{ drain: false }],
      };
      await world.temporal.workflow.execute('reconcile', options);
      return undefined;
    }
    case 'reset_activity': {
      const { raw } = await workflow.describe();
      await world.temporal.workflowService.resetActivity({
        namespace: world.config.TEMPORAL_NAMESPACE,
        execution: { workflowId },
        id: raw.pendingActivities?.[0]?.activityId ?? '',
      });
      return undefined;
    }
    case 'time':
      return letTenMinutesPass(scene, subject);
    case 'nothing':
      return undefined;
    case 'action':
    case 'backfill':
    case 'phantoms':
    case 'clear_flag':
    case 'resolve_exceptions':
      throw new Error(`Temporal's UI does not ${step.take}`);
  }
}

let operator: Operator;

/** What a person does with the console's pages: opens one, fills its form in, sends it. */
async function inConsole(step: Step, { subject, flagged = '' }: Made): Promise<void> {
  const reason = 'as the runbook says';
  switch (step.take) {
    case 'action': {
      const story = await operator.get(`/ops/story/${subject}`);
      const page = `/ops/act?${new URLSearchParams({ action: step.action, subject }).toString()}`;
      // What may be done is a link on the story, not something that one has to know.
      expect(story.html).toContain(page.replaceAll('&', '&amp;'));
      const done = await operator.submit(page, { reason });
      expect(done.status, done.html).toBe(200);
      return undefined;
    }
    case 'sweep': {
      const started = await operator.submit('/ops/reconcile', { phase: step.phase, reason });
      expect(started.status, started.html).toBe(303);
      const report = started.headers.get('location') ?? '';
      const ended = ({ html }: Seen) => html.includes('What the sweep found');
      await until(() => operator.get(report), ended);
      return undefined;
    }
    case 'clear_flag': {
      const [flag] = await openFlags(world, step.flag, flagged);
      const page = `/ops/act?${new URLSearchParams({ action: 'clear_flag', subject: `flag/${flag?.id}` }).toString()}`;
      expect((await operator.get('/ops/stuck?kind=flag')).html).toContain(page.replaceAll('&', '&amp;'));
      const done = await operator.submit(page, { reason });
      expect(done.status, done.html).toBe(200);
      expect(await openFlags(world, step.flag, flagged)).toEqual([]);
      return undefined;
    }
    case 'resolve_exceptions': {
      const list = `/ops/${subject.replace('/', 's/')}`;
      expect((await operator.get('/ops/stuck?kind=flag')).html).toContain(
        `<a href="${list}">Resolve its exceptions…</a>`,
      );
      const { html } = await operator.get(list);
      const pages = [...html.matchAll(/href="(\/ops\/statement-exceptions\/[^"]+)"/g)];
      expect(pages).toHaveLength(2);
      for (const [, page = ''] of pages) {
        expect((await operator.submit(page, { reason })).status).toBe(303);
      }
      // With the last one the statement leaves the list.
      expect((await operator.get('/ops/stuck?kind=flag')).html).not.toContain(list);
      return undefined;
    }
    case 'backfill': {
      const endTurn = await takeTurn('backfill');
      const done = await run('ops/cli.ts', ['backfill-transfer-ids'], { ...world.env });
      await endTurn();
      expect(done.code, done.stderr).toBe(0);
      return undefined;
    }
    case 'phantoms': {
      const done = await run('ops/cli.ts', ['phantoms', '--apply'], { ...world.env });
      // There were some.
      expect(done.code, done.stderr).toBe(1);
      return undefined;
    }
    case 'time':
      return letTenMinutesPass(scene, subject);
    case 'nothing':
      return undefined;
    case 'signal':
    case 'reset_activity':
      throw new Error(`the console does not ${step.take}`);
  }
}

const inBoth = SITUATIONS.filter(({ ways }) => ways.temporal !== null);

it('ten situations or more can be solved in either tool', () => {
  expect(inBoth.length).toBeGreaterThanOrEqual(10);
  expect(new Set(SITUATIONS.map(({ name }) => name)).size).toBe(SITUATIONS.length);
});

describe('solved from the console alone', () => {
  it.each(SITUATIONS.map((situation) => [situation.name, situation] as const))('%s', async (_, situation) => {
    await solve(situation, situation.ways.console, inConsole);
  });
});

describe("solved from Temporal's UI alone", () => {
  it.each(inBoth.map((situation) => [situation.name, situation] as const))('%s', async (_, situation) => {
    await solve(situation, situation.ways.temporal ?? [], inTemporal);
  });
});

describe("the lists of Temporal's UI that runbook, console and command line name", () => {
  const found = async (query: string, workflowId: string) => {
    const { count } = await world.temporal.workflow.count(`(${query}) AND WorkflowId = "${workflowId}"`);
    return count > 0;
  };

  it.each([
    ['open reversals', 'reversal-backoff'],
    ['open transfers', 'transfer-without-account'],
    ['open payouts', 'payout-webhook-lost'],
    ['open refunds', 'refund-webhook-lost'],
    ['refunds that may be orphans', 'refund-orphan'],
    ['ended by accident', 'workflow-terminated'],
    ['permanently failed', 'reversal-given-up'],
  ])('%s: %s is in it', async (name, situation) => {
    const list = WORKFLOW_LISTS.find(({ title }) => title === name);
    const { subject } = await SITUATIONS.find((one) => one.name === situation)!.make(scene);
    // Lists are a moment behind.
    await until(
      () => found(list?.query ?? '', subject),
      (isThere) => isThere,
    );
  });

  it('every other query is one that Temporal understands', async () => {
    expect(WORKFLOW_LISTS.length).toBeGreaterThanOrEqual(10);
    for (const list of WORKFLOW_LISTS)
      expect((await world.temporal.workflow.count(queryAt(list, new Date()))).count).toBeGreaterThan(-1);
  });
});
