import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { approvals } from '../../db/approvals/schema.ts';
import { approve } from '../../operations/approvals.ts';
import { performAction } from '../../operations/perform.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { auditLogOf, reversalRow } from '../harness/read.ts';
import { earnedShop, madeFor, onPayouts, openedPayout, payoutRow, waitsFor } from '../harness/payouts.ts';
import { makePerson, NET_MINOR, openShop, PRICE_MINOR } from '../harness/shop.ts';
import { openedRefund, paidOrder } from '../harness/stories.ts';
import { onTransfersTo } from '../harness/trouble.ts';
import type { Person, World } from '../harness/world.ts';
import {
  approvalOf,
  approveAs,
  awaited,
  codeOf,
  failedReversal,
  openOffice,
  operationsOf,
  successorsOf,
} from './support.ts';

const ABOVE_MINOR = PRICE_MINOR + 10;

describe('an action on more than FOUR_EYES_ABOVE_MINOR needs a second admin', () => {
  let world: World;
  let first: Person;
  let second: Person;
  let third: Person;
  beforeAll(async () => {
    ({ world, first, second } = await openOffice({
      FOUR_EYES_ABOVE_MINOR: String(NET_MINOR),
      TRANSFER_RETRY_MAX_RETRIES: '0',
    }));
    third = await makePerson(world, 'admin');
  });
  afterAll(() => world.close());

  const writeOff = (person: Person, reversalId: string, headers?: Record<string, string>) =>
    world.post(
      person,
      `/admin/reversals/${reversalId}/resolve`,
      { resolution: 'written_off', reason: 'the seller is gone' },
      headers,
    );
  const statusOf = async (reversalId: string) => (await reversalRow(world, reversalId)).status;

  it('at the threshold: one admin is enough', async () => {
    const { reversalId } = await failedReversal(world, PRICE_MINOR);
    const answer = await writeOff(first, reversalId);
    expect([answer.status, answer.body['reversal']!['status']]).toEqual([200, 'written_off']);
  });

  it('just above: it waits, another admin agrees, and it is done and audited', async () => {
    const { reversalId } = await failedReversal(world, ABOVE_MINOR);
    const approvalId = awaited(await writeOff(first, reversalId));
    expect(await statusOf(reversalId)).toBe('permanently_failed');

    const waiting = await world.get(second, '/admin/approvals?status=pending');
    expect(waiting.body['data']).toMatchObject([
      {
        id: approvalId,
        action: 'written_off',
        subject: `reversal/${reversalId}`,
        amount: 9_009,
        currency: 'USD',
        reason: 'the seller is gone',
        requested_by: first.id,
      },
    ]);
    const agreed = await approveAs(world, second, approvalId, { reason: 'I called them' });
    expect(agreed.status, JSON.stringify(agreed.body)).toBe(200);
    expect(agreed.body['approval']).toMatchObject({
      status: 'approved',
      decided_by: second.id,
      note: 'I called them',
    });
    expect(await statusOf(reversalId)).toBe('written_off');
    expect(await auditLogOf(world, `reversal/${reversalId}`)).toMatchObject([
      { action: 'approval.request written_off', actor: first.id, reason: 'the seller is gone' },
      { action: 'reversal.written_off', actor: first.id, reason: 'the seller is gone' },
      { action: 'approval.approve written_off', actor: second.id, reason: 'I called them' },
    ]);
    await expectCleanBooks(world);
  });

  it('a small refund marked as returned that sends a large transfer again is weighed by the transfer', async () => {
    const shop = await openShop(world, { prices: [ABOVE_MINOR + 1_000] });
    onTransfersTo(world, shop.seller.accountId, { kind: 'status', status: 400, times: 'always' });
    const orderId = await paidOrder(world, shop.buyer, shop.productIds);
    const [transfer] = await world.transfersOf(orderId);
    expect(await world.finished(`transfer/${transfer!.id}`)).toEqual({ status: 'permanently_failed' });
    const refundId = await openedRefund(world, shop.buyer, orderId, { amount: 100 });
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
    const answer = await world.post(first, `/admin/refunds/${refundId}/return`, {
      reason: 'the card is closed',
    });
    const approvalId = awaited(answer);
    expect((await approvalOf(world, second, approvalId))['amount']).toBe((ABOVE_MINOR + 1_000) * 0.9);
  });

  it('a payout that is booked as Stripe made it is weighed by the larger of what was asked for and made', async () => {
    const asked = [
      { askedMinor: 6_000, madeMinor: NET_MINOR + 1 },
      { askedMinor: NET_MINOR + 1, madeMinor: 6_000 },
    ];
    world.stripe.control.setPayoutMode('manual');
    for (const { askedMinor, madeMinor } of asked) {
      const { seller } = await earnedShop(world, await openShop(world, { prices: [PRICE_MINOR + 2_000] }));
      const fault = onPayouts(world, { kind: 'otherAmount', amountMinor: madeMinor, times: 'always' });
      const id = await openedPayout(world, seller, { amount: askedMinor });
      await waitsFor(world, id, 'amount_differs');
      world.stripe.control.clearFaults(fault);
      const answer = await world.post(first, '/admin/actions', {
        action: 'book_as_made',
        subject: `payout/${id}`,
        reason: 'seen in the dashboard',
      });
      const approvalId = awaited(answer);
      expect(await approvalOf(world, second, approvalId)).toMatchObject({
        action: 'book_as_made',
        subject: `payout/${id}`,
        amount: NET_MINOR + 1,
      });
      expect(await payoutRow(world, id)).toMatchObject({ amountMinor: askedMinor, externalPayoutId: null });
      const agreed = await approveAs(world, second, approvalId);
      expect(agreed.status, JSON.stringify(agreed.body)).toBe(200);
      const [made] = madeFor(world, seller);
      expect(await payoutRow(world, id)).toMatchObject({
        amountMinor: madeMinor,
        externalPayoutId: made!.id,
      });
      world.stripe.control.settlePayout(made!.id, 'paid');
      expect(await world.finished(`payout/${id}`)).toEqual({ status: 'paid' });
    }
    await expectCleanBooks(world);
  });

  it('whoever asked cannot agree, neither here nor in the database', async () => {
    const { reversalId } = await failedReversal(world, ABOVE_MINOR);
    const approvalId = awaited(await writeOff(first, reversalId));
    expect(codeOf(await approveAs(world, first, approvalId))).toEqual([403, 'second_admin_required']);
    expect(await statusOf(reversalId)).toBe('permanently_failed');
    const { sql } = world.database;
    await expect(
      sql`UPDATE approvals SET status = 'approved', decided_by = requested_by WHERE id = ${approvalId}`,
    ).rejects.toThrow(/approvals_by_another/);
    await expect(sql`UPDATE approvals SET status = 'approved' WHERE id = ${approvalId}`).rejects.toThrow(
      /approvals_by_another/,
    );
    expect(codeOf(await approveAs(world, { ...first, token: '' }, approvalId))[0]).toBe(401);
    const buyer = await makePerson(world, 'user');
    expect(codeOf(await approveAs(world, buyer, approvalId))).toEqual([403, 'forbidden']);
  });

  it('a second admin is a person: nobody agrees by an API key, though it may say no', async () => {
    const { reversalId } = await failedReversal(world, ABOVE_MINOR);
    const approvalId = awaited(await writeOff(first, reversalId));
    const asked = { user_id: second.id, name: 'borrowed', scopes: ['admin'] };
    expect(codeOf(await world.post(first, '/admin/api-keys', asked))).toEqual([403, 'forbidden']);
    const made = await world.post(second, '/admin/api-keys', asked);
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    const { key } = made.body as unknown as { readonly key: string };
    const decide = (verb: 'approve' | 'reject') =>
      fetch(`${world.apiUrl}/api/v1/admin/approvals/${approvalId}/${verb}`, {
        method: 'POST',
        headers: { 'x-api-key': key, 'content-type': 'application/json' },
        body: JSON.stringify({ reason: 'a script said so' }),
      });
    const refused = await decide('approve');
    expect([refused.status, await refused.json()]).toMatchObject([403, { code: 'person_required' }]);
    expect(await statusOf(reversalId)).toBe('permanently_failed');
    expect((await decide('reject')).status).toBe(200);
    expect(await auditLogOf(world, `reversal/${reversalId}`)).toMatchObject([
      { action: 'approval.request written_off', actor: first.id },
      { action: 'approval.reject written_off', actor: second.id, reason: 'a script said so' },
    ]);
  });

  const demote = (person: Person) =>
    world.database.sql`UPDATE users SET role = 'user' WHERE id = ${person.id}`;

  it('the second admin is one at that moment: who was demoted or deleted agrees to nothing by an old token', async () => {
    const { reversalId } = await failedReversal(world, ABOVE_MINOR);
    const approvalId = awaited(await writeOff(first, reversalId));
    const demoted = await makePerson(world, 'admin');
    const deleted = await makePerson(world, 'admin');
    await demote(demoted);
    await world.database.sql`DELETE FROM sessions WHERE user_id = ${deleted.id}`;
    await world.database.sql`DELETE FROM users WHERE id = ${deleted.id}`;
    expect(codeOf(await approveAs(world, demoted, approvalId))).toEqual([403, 'forbidden']);
    expect(codeOf(await approveAs(world, deleted, approvalId))).toEqual([401, 'unauthenticated']);
    for (const person of [demoted, deleted]) {
      // The layer itself, as the console and the command line hold it.
      await expect(approve(operationsOf(world), approvalId, { actor: person.id })).rejects.toThrow(
        /forbidden|unauthenticated/,
      );
      const answer = await writeOff(person, reversalId);
      expect([401, 403]).toContain(answer.status);
    }
    expect(await statusOf(reversalId)).toBe('permanently_failed');
    expect((await approvalOf(world, second, approvalId))['status']).toBe('pending');
  });

  it('whoever asked is no admin any more: nobody agrees to it, it ends, and another admin may ask anew', async () => {
    const { reversalId } = await failedReversal(world, ABOVE_MINOR);
    const asker = await makePerson(world, 'admin');
    const approvalId = awaited(await writeOff(asker, reversalId));
    await demote(asker);
    const refused = await approveAs(world, second, approvalId);
    expect(codeOf(refused)).toEqual([409, 'approval_outdated']);
    expect(refused.body['detail']).toBe('The user who asked for it is no admin any more.');
    expect(await statusOf(reversalId)).toBe('permanently_failed');
    expect(codeOf(await approveAs(world, second, approvalId))).toEqual([409, 'approval_ended']);
    // What a former admin asked for and nobody has decided on keeps no other from asking.
    const another = await makePerson(world, 'admin');
    const left = awaited(await writeOff(another, reversalId));
    await demote(another);
    const anew = awaited(await writeOff(first, reversalId));
    expect(anew).not.toBe(left);
    expect((await approveAs(world, second, anew)).status).toBe(200);
    expect(await statusOf(reversalId)).toBe('written_off');
    await expectCleanBooks(world);
  });

  it('a role that is being taken away counts before or after the whole of an action, never in the middle', async () => {
    const { reversalId } = await failedReversal(world, PRICE_MINOR);
    const leaving = await makePerson(world, 'admin');
    const { sql } = world.database;
    let acted: Promise<unknown> | undefined;
    await sql.begin(async (tx) => {
      await tx`UPDATE users SET role = 'user' WHERE id = ${leaving.id}`;
      // It passes the door with the role of before, and waits for the row.
      acted = writeOff(leaving, reversalId).then(codeOf);
      const [me] = await tx<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
      await expect
        .poll(() => sql`SELECT 1 FROM pg_stat_activity WHERE ${me!.pid}::int = ANY (pg_blocking_pids(pid))`)
        .toHaveLength(1);
    });
    expect(await acted).toEqual([403, 'forbidden']);
    expect(await statusOf(reversalId)).toBe('permanently_failed');
  });

  it('one person in two sessions, or with a token and a key, is one admin', async () => {
    const { reversalId } = await failedReversal(world, ABOVE_MINOR);
    const asked = { user_id: third.id, name: 'own', scopes: ['admin'] };
    const { key } = (await world.post(third, '/admin/api-keys', asked)).body as unknown as { key: string };
    const byKey = await world.call(
      null,
      'POST',
      `/admin/reversals/${reversalId}/resolve`,
      { resolution: 'written_off', reason: 'by a script' },
      { 'x-api-key': key },
    );
    const approvalId = awaited(byKey);
    expect(codeOf(await approveAs(world, third, approvalId))).toEqual([403, 'second_admin_required']);
    const anotherSession = { ...third, token: await world.token(third.id, 'admin') };
    expect(codeOf(await approveAs(world, anotherSession, approvalId))).toEqual([
      403,
      'second_admin_required',
    ]);
    expect(await statusOf(reversalId)).toBe('permanently_failed');
  });

  it('two admins agree at once: it is done once', async () => {
    const { reversalId } = await failedReversal(world, ABOVE_MINOR);
    const asked = await world.post(first, `/admin/reversals/${reversalId}/retry`, { reason: 'again' });
    const approvalId = awaited(asked);
    const answers = await Promise.all([
      approveAs(world, second, approvalId),
      approveAs(world, third, approvalId),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    const refused = answers.find(({ status }) => status === 409)!;
    expect(refused.body['code']).toBe('approval_ended');
    const successors = await successorsOf(world, [reversalId]);
    expect(successors).toHaveLength(1);
    expect(await world.finished(`reversal/${successors[0]}`)).toEqual({ status: 'reversed' });
    // The same admin again: the same answer, and nothing more.
    const winner = answers[0]!.status === 200 ? second : third;
    expect((await approveAs(world, winner, approvalId)).status).toBe(200);
    expect(await successorsOf(world, [reversalId])).toHaveLength(1);
    await expectCleanBooks(world);
  });

  it('what it is about has changed since: refused by name, and it ends', async () => {
    const { reversalId } = await failedReversal(world, ABOVE_MINOR);
    const written = awaited(await writeOff(first, reversalId));
    const settled = awaited(
      await world.post(second, `/admin/reversals/${reversalId}/resolve`, {
        resolution: 'settled_outside',
        reason: 'they paid by bank',
      }),
    );
    expect((await approveAs(world, third, settled)).status).toBe(200);
    expect(codeOf(await approveAs(world, third, written))).toEqual([409, 'approval_outdated']);
    expect(await statusOf(reversalId)).toBe('settled_outside');
    expect(codeOf(await approveAs(world, third, written))).toEqual([409, 'approval_ended']);
    const [row] = await world.database.db.select().from(approvals).where(eq(approvals.id, written));
    expect(row).toMatchObject({ status: 'expired', decidedBy: null });
    await expectCleanBooks(world);
  });

  it('another amount than was asked for: refused', async () => {
    const { reversalId } = await failedReversal(world, ABOVE_MINOR);
    const approvalId = awaited(await writeOff(first, reversalId));
    await world.database.sql`UPDATE transfer_reversals SET covered_minor = 1 WHERE id = ${reversalId}`;
    expect(codeOf(await approveAs(world, second, approvalId))).toEqual([409, 'approval_outdated']);
    await world.database.sql`UPDATE transfer_reversals SET covered_minor = 0 WHERE id = ${reversalId}`;
    expect(await statusOf(reversalId)).toBe('permanently_failed');
  });

  it('waited for too long: nobody can agree any more, and it may be asked for anew', async () => {
    const { reversalId } = await failedReversal(world, ABOVE_MINOR);
    const approvalId = awaited(await writeOff(first, reversalId));
    await world.database
      .sql`UPDATE approvals SET expires_at = now() - interval '1 s' WHERE id = ${approvalId}`;
    const subject = encodeURIComponent(`reversal/${reversalId}`);
    const listed = await world.get(first, `/admin/approvals?status=expired&subject=${subject}`);
    expect(listed.body['data']).toMatchObject([{ id: approvalId, status: 'expired' }]);
    expect(codeOf(await approveAs(world, second, approvalId))).toEqual([409, 'approval_outdated']);
    const anew = awaited(await writeOff(first, reversalId));
    expect(anew).not.toBe(approvalId);
    expect((await approveAs(world, second, anew)).status).toBe(200);
  });

  it('asked for twice: one approval; with an Idempotency-Key the same answer', async () => {
    const { reversalId } = await failedReversal(world, ABOVE_MINOR);
    const approvalId = awaited(await writeOff(first, reversalId));
    expect(awaited(await writeOff(second, reversalId))).toBe(approvalId);
    const headers = { 'Idempotency-Key': `key-${reversalId}` };
    expect(awaited(await writeOff(first, reversalId, headers))).toBe(approvalId);
    expect(awaited(await writeOff(first, reversalId, headers))).toBe(approvalId);
  });

  it('refused, or taken back by who asked: nothing is done', async () => {
    const { reversalId } = await failedReversal(world, ABOVE_MINOR);
    const reject = (person: Person, approvalId: string, reason?: string) =>
      world.post(person, `/admin/approvals/${approvalId}/reject`, reason ? { reason } : {});
    const no = awaited(await writeOff(first, reversalId));
    expect((await reject(second, no)).status).toBe(422);
    const rejected = await reject(second, no, 'they will pay');
    expect(rejected.body['approval']).toMatchObject({ status: 'rejected', note: 'they will pay' });
    expect(codeOf(await approveAs(world, third, no))).toEqual([409, 'approval_ended']);
    const back = awaited(await writeOff(first, reversalId));
    expect((await reject(first, back, 'my mistake')).status).toBe(200);
    expect(codeOf(await reject(second, back, 'too late'))).toEqual([409, 'approval_ended']);
    expect(await statusOf(reversalId)).toBe('permanently_failed');
  });

  it('what is refused anyway troubles nobody, and a reason is asked for', async () => {
    const { reversalId, transfer } = await failedReversal(world, ABOVE_MINOR);
    const noReason = await world.post(first, `/admin/reversals/${reversalId}/retry`);
    expect([noReason.status, noReason.body['errors']![0]!['field']]).toEqual([422, 'reason']);
    const sent = await world.post(first, `/admin/transfers/${transfer.id}/retry`, { reason: 'why not' });
    expect(codeOf(sent)).toEqual([409, 'transfer_not_retryable']);
    expect(
      await world.database
        .sql`SELECT id FROM approvals WHERE subject IN (${`reversal/${reversalId}`}, ${`transfer/${transfer.id}`})`,
    ).toHaveLength(0);
  });

  it('holds for the console and the command line: the layer itself asks for a second admin', async () => {
    const { reversalId } = await failedReversal(world, ABOVE_MINOR);
    const performed = await performAction(
      operationsOf(world),
      { action: 'settled_outside', subject: `reversal/${reversalId}` },
      { actor: first.id, reason: 'by bank' },
    );
    expect(performed).toMatchObject({ awaitsApproval: { status: 'pending', amountMinor: 9_009 } });
    expect(await statusOf(reversalId)).toBe('permanently_failed');
  });
});
