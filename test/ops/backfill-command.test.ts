import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startProgress } from '../../ops/progress.ts';
import { legacyTransfer, sentBefore } from '../marketplace/legacy.ts';
import { transferRow } from '../harness/read.ts';
import { run } from '../harness/processes.ts';
import { openShop, type Seller } from '../harness/shop.ts';
import { takeTurn, TURN_TIMEOUT_MS } from '../harness/turns.ts';
import { World } from '../harness/world.ts';

const ops = (args: string[], env: Record<string, string>) => run('ops/cli.ts', args, env);

let endTurn: () => Promise<void>;
beforeAll(async () => {
  endTurn = await takeTurn('backfill');
}, TURN_TIMEOUT_MS);
afterAll(() => endTurn());

describe('npm run ops -- backfill-transfer-ids', () => {
  let world: World;
  let seller: Seller;
  let env: Record<string, string>;
  beforeAll(async () => {
    world = await World.create();
    ({ seller } = await openShop(world));
    const { TEMPORAL_ADDRESS = '', TEMPORAL_STRIPE_TASK_QUEUE = '' } = world.env;
    // No database and no key of Stripe's: the workers have them.
    env = { TEMPORAL_ADDRESS, TEMPORAL_STRIPE_TASK_QUEUE };
  });
  afterAll(() => world.close());

  it('dry run, then for good: exit 1 while some have no match, 0 once all have', async () => {
    const [found, lost] = [await legacyTransfer(world, seller), await legacyTransfer(world, seller)];
    const id = await sentBefore(world, found, seller.accountId);
    const migrated = await run('ops/migrate.ts', [], { DATABASE_URL: world.env['DATABASE_URL']! });
    expect(migrated.stdout).toContain('completed transfers without a Stripe id: 2 (');

    const dry = await ops(['backfill-transfer-ids', '--dry-run', '--json'], env);
    expect(dry.code, dry.stderr).toBe(1);
    expect(JSON.parse(dry.stdout)).toEqual({
      dry_run: true,
      total: 2,
      looked: 2,
      matched: 1,
      unmatched: { none: 1, several: 0, claimed: 0, unreadable: 0 },
      findings: [
        {
          transfer_id: lost.id,
          order_id: lost.orderId,
          why: 'none',
          detail: expect.stringContaining('Stripe lists no transfer') as string,
        },
      ],
      findings_left_out: 0,
    });
    // Lines and not a bar, since nobody watches; apart from what a script reads.
    expect(dry.stderr).toMatch(/^dry run \d+\/2$/m);
    expect(dry.stderr).not.toContain('\r');
    expect((await transferRow(world, found.id)).stripeTransferId).toBeNull();

    const first = await ops(['backfill-transfer-ids'], env);
    expect(first.code, first.stderr).toBe(1);
    expect(first.stdout).toContain('1 have theirs now');
    expect(first.stdout).toContain(`transfer/${lost.id}  none: Stripe lists no transfer`);
    expect((await transferRow(world, found.id)).stripeTransferId).toBe(id);

    await sentBefore(world, lost, seller.accountId);
    const second = await ops(['backfill-transfer-ids', '--json'], env);
    expect(second.code, second.stderr).toBe(0);
    expect(JSON.parse(second.stdout)).toMatchObject({ total: 1, matched: 1, findings: [] });

    const third = await ops(['backfill-transfer-ids'], env);
    expect(third).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('0 completed transfers') as string,
    });
    const after = await run('ops/migrate.ts', [], { DATABASE_URL: world.env['DATABASE_URL']! });
    expect(after.stdout).not.toContain('without a Stripe id');
  });

  it('no worker yet: it says so, waits, and follows what another start began', async () => {
    await world.stopWorker();
    const transfer = await legacyTransfer(world, seller);
    await sentBefore(world, transfer, seller.accountId);
    const both = [ops(['backfill-transfer-ids'], env), ops(['backfill-transfer-ids', '--json'], env)];
    await expect.poll(() => world.engine.isRunning('backfill-transfer-ids'), { timeout: 60_000 }).toBe(true);
    await world.startWorker();
    const [one, other] = await Promise.all(both);
    expect([one!.code, other!.code], `${one!.stderr}${other!.stderr}`).toEqual([0, 0]);
    expect((await transferRow(world, transfer.id)).stripeTransferId).toMatch(/^tr_/);
  });

  it.each([
    ['an option that it does not know', ['backfill-transfer-ids', '--loudly'], {}, /--loudly/],
    [
      'no Temporal',
      ['backfill-transfer-ids'],
      { TEMPORAL_ADDRESS: '127.0.0.1:1' },
      /no Temporal server answers at 127\.0\.0\.1:1/,
    ],
    [
      'a namespace that is not there',
      ['backfill-transfer-ids'],
      { TEMPORAL_NAMESPACE: 'nowhere' },
      /nowhere/,
    ],
  ])('%s: exit 2', async (_, args, set, reason) => {
    const { code, stdout, stderr } = await ops(args, { ...env, ...set });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(reason);
  });
});

describe('progress', () => {
  const written = (isTTY: boolean, say: (progress: ReturnType<typeof startProgress>) => void) => {
    let text = '';
    const progress = startProgress({ isTTY, write: (part) => void (text += part) }, 'backfill');
    say(progress);
    progress.end();
    return text;
  };

  it('is a bar on a terminal, drawn over itself', () => {
    const text = written(true, (progress) => {
      progress.show(0, 4);
      progress.show(1, 4);
      progress.note('no worker answers');
      progress.show(4, 4);
    });
    expect(text).toContain('\r\u001b[Kbackfill [########----------------------] 1/4');
    expect(text).toContain('no worker answers\n');
    expect(text.endsWith(`backfill [${'#'.repeat(30)}] 4/4\n`)).toBe(true);
  });

  it('is a line for every tenth elsewhere, never the same one twice', () => {
    const text = written(false, (progress) => {
      for (let done = 0; done <= 1_000; done += 1) progress.show(done, 1_000);
      progress.show(1_000, 1_000);
    });
    const lines = text.trim().split('\n');
    expect(lines).toHaveLength(11);
    expect(lines[0]).toBe('backfill 0/1000');
    expect(lines.at(-1)).toBe('backfill 1000/1000');
  });
});
