import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, expect, inject, test } from 'vitest';
import type { Summary } from '../../sandbox/cli/summary.ts';
import { start } from '../harness/processes.ts';

// `npm run demo`, the README's first command, on servers of its own. `.ci/run` names in VEZA_NODE_FLOOR the oldest Node
// that `engines` allows: there the demo is played a second time, with every process of it on that Node.

const floor = process.env['VEZA_NODE_FLOOR'];
const nodes: readonly (readonly [version: string, why: string, node: string])[] =
  floor === undefined
    ? [[process.version, 'alone, since VEZA_NODE_FLOOR names no older one', process.execPath]]
    : [
        [process.version, 'on which the tests run', process.execPath],
        [versionOf(floor), 'the oldest that is supported', floor],
      ];

const PLAYED_WITHIN_MS = 180_000;
/** Where the stack looks for Temporal's CLI before it fetches or builds one. */
const HANDED_DOWN = ['HOME', 'XDG_CACHE_HOME', 'TEMPORAL_CLI_PATH'];
/** As many calls to Stripe fail in the play's outage. */
const FAILED_ATTEMPTS = 4;

/** The renewal, and the first step of dunning. */
const DECLINED_CHARGES = 2;

const started: ReturnType<typeof start>[] = [];
afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    child.kill('SIGTERM');
    await ended;
  }
});

test.each(nodes)(
  'the demo ends well on Node %s, %s',
  async (version, _, node) => {
    const dir = join(inject('scratchDir'), `demo-${version}`);
    const demo = start('sandbox/cli/demo.ts', ['--exit', '--json', '--dir', dir], handedDown(), node);
    started.push(demo);
    const { code, stdout, stderr } = await demo.ended;
    expect(code, stderr).toBe(0);

    const { order, refund, transfers, ...rest } = JSON.parse(stdout) as Summary;
    expect(order).toMatchObject({ status: 'refunded', refunded_amount: order.amount });
    expect(refund).toMatchObject({ status: 'succeeded', amount: order.amount });
    expect(transfers).toHaveLength(2);
    for (const one of transfers) {
      expect(one).toMatchObject({ status: 'reversed', reversed_amount: one.amount });
      expect(one.reversals).toMatchObject([{ status: 'reversed', amount: one.amount }]);
    }
    const attempts = transfers.flatMap(({ reversals }) => reversals.map((reversal) => reversal.retry_count));
    expect(attempts.reduce((sum, one) => sum + one, 0)).toBe(FAILED_ATTEMPTS);
    expect(rest.partial_refund.order).toMatchObject({ status: 'partially_refunded' });
    expect(rest.lost_webhook.refund).toMatchObject({ status: 'succeeded' });
    const { invoices = [], declined, mails } = rest.subscription ?? {};
    expect(invoices).toMatchObject([
      { reason: 'first', status: 'paid', amount: 999 },
      { reason: 'renewal', status: 'paid', amount: 999 },
      { reason: 'change', status: 'paid' },
    ]);
    expect(invoices[2]?.lines.reduce((sum, { amount }) => sum + amount, 0)).toBe(invoices[2]?.amount);
    expect(invoices[2]?.amount).toBeLessThanOrEqual(1_000);
    const year = invoices[0]?.number?.split('-')[1];
    expect(invoices.map(({ number }) => number)).toEqual(['1', '2', '3'].map((n) => `VZ-${year}-00000${n}`));
    expect(declined).toBe(DECLINED_CHARGES);
    expect(mails).toEqual([
      'invoice_receipt',
      'subscription_started',
      // The renewal, and each step of dunning.
      'payment_failed',
      'payment_failed',
      'payment_failed',
      'invoice_receipt',
      'subscription_recovered',
      'invoice_receipt',
      'subscription_changed',
      'subscription_canceled',
    ]);
    expect(rest.account).toMatchObject({
      amr: ['pwd', 'otp'],
      role: 'creator',
      stolen: 'refresh_token_reused',
      after_theft: ['session_ended', 'session_ended'],
      by_provider: { provider: 'github', is_verified: true, amr: ['oauth'] },
    });
    expect(rest.audit.violations).toBe(0);
    expect(rest.audit.invariants.length).toBeGreaterThan(0);
  },
  PLAYED_WITHIN_MS,
);

function versionOf(node: string): string {
  return execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
}

function handedDown(): Record<string, string> {
  return Object.fromEntries(
    HANDED_DOWN.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
