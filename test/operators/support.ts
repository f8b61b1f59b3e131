import { expect } from 'vitest';
import { createLogger } from '../../log.ts';
import { type OperationsDeps, operationsSettings } from '../../operations/deps.ts';
import { refundedOrder, type Refunded } from '../harness/refunded.ts';
import { makePerson, openShop, type Shop } from '../harness/shop.ts';
import type { Trouble } from '../harness/trouble.ts';
import type { Answer, Refusal } from '../harness/answers.ts';
import { type Person, World } from '../harness/world.ts';

/** The layer itself, as the console and the command line hold it. */
export const operationsOf = (world: World): OperationsDeps => ({
  db: world.database.db,
  engine: world.engine,
  log: createLogger('silent'),
  settings: operationsSettings(world.config),
});

export interface Office {
  readonly world: World;
  readonly first: Person;
  readonly second: Person;
}

/** A world with two admins, in which two reversals of 90.00 are one admin's to decide on, and three are not. */
export async function openOffice(env: Readonly<Record<string, string>> = {}): Promise<Office> {
  const world = await World.create({ env: { FOUR_EYES_ABOVE_MINOR: '20000', ...env } });
  return { world, first: await makePerson(world, 'admin'), second: await makePerson(world, 'admin') };
}

/** What nothing but a person can go on from. */
const NO_SUCH_TRANSFER = {
  kind: 'status',
  status: 404,
  body: {
    error: { type: 'invalid_request_error', code: 'resource_missing', message: "No such transfer: 'tr_x'" },
  },
} as const satisfies Trouble;

/** A refunded order whose reversal failed for good, of a product at this price. */
export async function failedReversal(
  world: World,
  priceMinor: number,
): Promise<Refunded & { readonly reversalId: string }> {
  const shop = await openShop(world, { prices: [priceMinor] });
  return failedReversalIn(world, shop);
}

export async function failedReversalIn(
  world: World,
  shop: Shop,
): Promise<Refunded & { readonly reversalId: string }> {
  const refunded = await refundedOrder(world, { shop, troubles: [NO_SUCH_TRANSFER] });
  expect(await world.finished(refunded.workflowId)).toEqual({ status: 'permanently_failed' });
  return { ...refunded, reversalId: refunded.reversal.id };
}

/** That many of them, the oldest first. */
export async function failedReversalsIn(world: World, shop: Shop, count: number) {
  const failures = [];
  while (failures.length < count) failures.push(await failedReversalIn(world, shop));
  return failures;
}

/** The ids of what took these up again. */
export async function successorsOf({ database: { sql } }: World, reversalIds: readonly string[]) {
  const rows = await sql<{ id: string }[]>`
    SELECT id FROM transfer_reversals WHERE retry_of IN ${sql(reversalIds)}`;
  return rows.map(({ id }) => id);
}

/** A 202 that waits for a second admin; the approval's id. */
export function awaited(
  answer: Answer<Pick<Refusal, 'code'> & { readonly approval?: { readonly id: string } }>,
): string {
  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  expect(answer.body['approval']).toMatchObject({ status: 'pending', decided_by: null });
  return answer.body['approval']!['id']!;
}

export const approveAs = (world: World, person: Person, approvalId: string, body?: unknown) =>
  world.post(person, `/admin/approvals/${approvalId}/approve`, body);

export const codeOf = ({ status, body }: Answer) => [status, body['code']];

/** As it is listed to whoever has to agree. */
export async function approvalOf(world: World, person: Person, approvalId: string) {
  const { body } = await world.get(person, '/admin/approvals?status=pending');
  return body['data']!.find((one) => one['id'] === approvalId)!;
}
