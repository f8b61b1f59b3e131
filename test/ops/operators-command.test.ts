import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../ops/commands/index.ts';
import { completionFor } from '../../ops/completion.ts';
import { usageOf } from '../../ops/usage.ts';
import { auditLogOf, reversalRow } from '../harness/read.ts';
import { storedWebhook } from '../harness/stories.ts';
import { run, runOpsHere } from '../harness/processes.ts';
import { makePerson } from '../harness/shop.ts';
import type { Person, World } from '../harness/world.ts';
import { failedReversal, openOffice, successorsOf } from '../operators/support.ts';

/** What a command prints with --json, by its fields. */
type Printed = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;

describe('npm run ops -- …, as operators act', () => {
  let world: World;
  let first: Person;
  let second: Person;
  beforeAll(async () => {
    ({ world, first, second } = await openOffice());
  });
  // What one admin decides on within a day counts together.
  beforeEach(async () => {
    first = await makePerson(world, 'admin');
  });
  afterAll(() => world.close());

  const envOf = (env: Record<string, string>) => ({ ...world.env, OPS_ACTOR: first.id, ...env });
  const ops = (args: readonly string[], env: Record<string, string> = {}) => runOpsHere(args, envOf(env));
  async function opsJson(
    args: readonly string[],
    code: number,
    env: Record<string, string> = {},
  ): Promise<Printed> {
    const ended = await ops([...args, '--json'], env);
    expect([ended.code, ended.stderr], ended.stdout).toEqual([
      code,
      code === 0 || code === 3 ? '' : ended.stderr,
    ]);
    return JSON.parse(ended.stdout) as Printed;
  }

  it('stuck and show: what is stuck exits 1, with links; one row’s story in order of time', async () => {
    const { reversalId, orderId, refundId } = await failedReversal(world, 10_000);
    const env = { TEMPORAL_UI_URL: 'http://127.0.0.1:8233' };
    const found = await opsJson(['stuck', '--kind', 'failed_reversal', '--order', orderId], 1, env);
    expect(found).toMatchObject({
      count: 1,
      data: [
        {
          subject: `reversal/${reversalId}`,
          amount: 9_000,
          currency: 'USD',
          workflow_url: `http://127.0.0.1:8233/namespaces/default/workflows/reversal%2F${reversalId}`,
        },
      ],
    });
    const text = await ops(['stuck', '--order', orderId], env);
    expect(text.stdout).toContain(`may: retry reversal/${reversalId}`);
    expect(text.stdout).toContain('90.00 USD');
    const none = await ops(['stuck', '--order', uuidv7()]);
    expect(none).toMatchObject({ code: 0, stdout: 'nothing is stuck\n' });

    const story = await opsJson(['show', refundId], 0);
    expect(story).toMatchObject({ subject: `refund/${refundId}`, order_id: orderId });
    expect((await ops(['show', reversalId])).stdout).toContain('The refund succeeded.');
    const nobody = await ops(['show', uuidv7(), '--json']);
    expect(nobody.code).toBe(1);
    expect(JSON.parse(nobody.stdout)).toMatchObject({ error: { code: 'subject_not_found' } });
  });

  it('resolve: previewed, done with a reason by an admin, refused a second time', async () => {
    const { reversalId } = await failedReversal(world, 10_000);
    const line = ['resolve', reversalId, '--as', 'written_off'];
    const preview = await opsJson([...line, '--preview'], 0);
    expect(preview['preview']).toMatchObject({
      subject: `reversal/${reversalId}`,
      status_now: 'permanently_failed',
      amount: 9_000,
      needs_second_admin: false,
      refusal: null,
    });
    expect((await reversalRow(world, reversalId)).status).toBe('permanently_failed');
    const done = await opsJson([...line, '--reason', 'gone'], 0);
    expect(done['done']?.['now']).toEqual({ subject: `reversal/${reversalId}`, status: 'written_off' });
    expect(await auditLogOf(world, `reversal/${reversalId}`)).toMatchObject([
      { action: 'reversal.written_off', actor: first.id, reason: 'gone', userAgent: 'npm run ops' },
    ]);
    const again = await ops([...line, '--reason', 'gone', '--json']);
    expect(again.code).toBe(1);
    expect(JSON.parse(again.stdout)).toMatchObject({ error: { code: 'reversal_not_resolvable' } });
    expect((await ops(['give-up', reversalId, '--reason', 'enough'])).stderr).toContain('reversal_not_open');
  });

  it('above the threshold: exit 3, approvals, reject, and approve by another admin', async () => {
    const { reversalId } = await failedReversal(world, 30_000);
    const retry = ['retry', `reversal/${reversalId}`, '--reason', 'Stripe is back'];
    const asked = await opsJson(retry, 3);
    const id = String(asked['approval']?.['id']);
    expect((await opsJson(['approvals'], 0))['data']).toMatchObject([{ id, requested_by: first.id }]);
    const own = await ops(['approve', id, '--json']);
    expect([own.code, JSON.parse(own.stdout)]).toMatchObject([
      1,
      { error: { code: 'second_admin_required' } },
    ]);
    const no = await opsJson(['reject', id, '--reason', 'not yet', '--actor', second.id], 0);
    expect(no['approval']).toMatchObject({ status: 'rejected', decided_by: second.id });

    const anew = String((await opsJson(retry, 3))['approval']?.['id']);
    const agreed = await opsJson(['approve', anew, '--actor', second.id], 0);
    expect(agreed['approval']).toMatchObject({ status: 'approved', decided_by: second.id });
    const [successor] = await successorsOf(world, [reversalId]);
    expect(await world.finished(`reversal/${successor}`)).toEqual({ status: 'reversed' });
  });

  it('retry-failed and replay-webhook: many at once, with progress, each audited', async () => {
    const { reversalId, shop } = await failedReversal(world, 10_000);
    const line = ['retry-failed', '--seller', shop.seller.id];
    expect((await opsJson([...line, '--preview'], 0))['preview']).toMatchObject({ count: 1 });
    const ended = await ops([...line, '--reason', 'Stripe is back', '--json']);
    expect(ended.code, ended.stderr).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ done: { count: 1, has_more: false } });
    expect(await auditLogOf(world, `reversal/${reversalId}`)).toHaveLength(1);
    expect((await ops([...line, '--reason', 'again'])).stdout).toBe('no row matches\n');

    const id = await storedWebhook(world, { outcome: 'unmatched', processedAt: new Date() });
    const byId = await ops(['replay-webhook', id, '--reason', 'the parser was wrong']);
    expect(byId).toMatchObject({ code: 0, stdout: expect.stringContaining('1 rows') });
    const byOutcome = await ops(['replay-webhook', '--outcome', 'unmatched', '--reason', 'once more']);
    expect(byOutcome.code, byOutcome.stderr).toBe(0);
    expect(await auditLogOf(world, id)).toMatchObject([
      { action: 'webhook.replay', reason: 'the parser was wrong' },
      { action: 'webhook.replay', reason: 'once more' },
    ]);
  });

  it('as a process: progress and refusals on standard error, answers on standard output, exit codes', async () => {
    const { shop } = await failedReversal(world, 10_000);
    const line = ['retry-failed', '--seller', shop.seller.id, '--json'];
    const done = await run('ops/cli.ts', [...line, '--reason', 'Stripe is back'], envOf({}));
    expect([done.code, done.stderr]).toEqual([0, 'retry 1/1\n']);
    expect(JSON.parse(done.stdout)).toMatchObject({ done: { count: 1 } });
    const refused = await run('ops/cli.ts', line, envOf({}));
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('--reason: expected why');
  });

  it('the audit log has a reconcile where somebody is named; audit checks the books', async () => {
    const swept = await ops(['reconcile', '--phase', 'inbox', '--reason', 'to be sure', '--json']);
    const workflowId = (JSON.parse(swept.stdout) as { workflow_id: string }).workflow_id;
    expect(await auditLogOf(world, workflowId)).toMatchObject([
      { action: 'reconcile.run', actor: first.id, reason: 'to be sure' },
    ]);
    const audited = await ops(['audit', '--json']);
    expect(audited.code, audited.stdout).toBe(0);
    expect(JSON.parse(audited.stdout)).toMatchObject({ violations: 0 });
  });

  it.each([
    [['resolve', uuidv7(), '--as', 'paid', '--reason', 'x'], '--as: expected one of'],
    [['resolve', uuidv7(), '--as', 'written_off'], '--reason: expected why'],
    [['retry'], 'ID: expected'],
    [['stuck', '--kind', 'lost'], '--kind: expected one of'],
    [['stuck', '--limit', 'many'], '--limit: expected a whole number'],
    [['approvals', '--status', 'lost'], '--status: expected one of'],
    [['replay-webhook', '--reason', 'x'], 'say which'],
    [['completion', 'tcsh'], 'completion: expected one of'],
  ])('%j is not understood: exit 2', async (args, word) => {
    const { code, stderr } = await ops(args);
    expect(code).toBe(2);
    expect(stderr).toContain(word);
  });

  it('who acts has to be an admin that the database knows', async () => {
    const { reversalId } = await failedReversal(world, 10_000);
    const line = ['retry', reversalId, '--reason', 'x'];
    const buyer = await makePerson(world, 'user');
    const notAdmin = await ops([...line, '--actor', buyer.id]);
    expect([notAdmin.code, notAdmin.stderr]).toEqual([
      2,
      `${buyer.id} is no admin that this database knows\n`,
    ]);
    const nobody = await ops(line, { OPS_ACTOR: '' });
    expect(nobody.code).toBe(2);
    expect(nobody.stderr).toContain('--actor: say who acts');
    const away = await ops(line, { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    expect([away.code, away.stderr]).toEqual([2, 'no Temporal server answers at 127.0.0.1:1\n']);
    expect((await reversalRow(world, reversalId)).status).toBe('permanently_failed');
  });
});

describe('usage and completion are made of the one table', () => {
  it('usage names every command and option', () => {
    const usage = usageOf(COMMANDS);
    for (const { name, options } of COMMANDS) {
      expect(usage).toMatch(new RegExp(`^  ${name}( |$)`, 'm'));
      for (const option of options) expect(usage).toContain(`--${option.name}`);
    }
    expect(COMMANDS.every(({ options }) => options.some(({ name }) => name === 'json'))).toBe(true);
  });

  const complete = async (...words: string[]) => {
    const script = `${completionFor('bash', COMMANDS)}
      COMP_WORDS=(ops ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
      _veza_ops; printf '%s\\n' "\${COMPREPLY[@]}"`;
    // Another exit code than 0 is thrown.
    const { stdout, stderr } = await promisify(execFile)('bash', ['--norc', '-c', script]);
    expect(stderr).toBe('');
    return stdout.trim().split('\n');
  };

  it('bash completes commands, options and their values', async () => {
    expect(await complete('re')).toEqual(expect.arrayContaining(['retry', 'resolve', 'replay-webhook']));
    expect(await complete('retry', '--r')).toEqual(['--reason']);
    expect(await complete('resolve', 'x', '--as', 'w')).toEqual(['written_off']);
    expect(await complete('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  it('zsh and fish have theirs', () => {
    expect(completionFor('zsh', COMMANDS)).toContain('bashcompinit');
    const fish = completionFor('fish', COMMANDS);
    for (const { name } of COMMANDS) expect(fish).toContain(`-a ${name} `);
  });
});
