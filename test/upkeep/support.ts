import { expect } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { users } from '../../db/accounts/schema.ts';
import type { UpkeepLook, UpkeepPhase } from '../../domain/upkeep/index.ts';
import type { UpkeepCounts } from '../../domain/upkeep/upkeep.ts';
import type { Person, World } from '../harness/world.ts';

/** One upkeep, as an admin asks for it, over the API. Returns what all looks of a phase came to. */
export async function upkeep(
  world: World,
  admin: Person,
  ...phases: UpkeepPhase[]
): Promise<Readonly<Partial<Record<UpkeepPhase, UpkeepCounts>>>> {
  const answer = await world.post(admin, '/admin/upkeep', phases.length > 0 ? { phases } : undefined);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return (answer.body as { report: Readonly<Partial<Record<UpkeepPhase, UpkeepCounts>>> }).report;
}

export const one = (what: UpkeepLook['what'], why: string): UpkeepCounts => ({
  ...{ seen: 1, done: 0, left: 0, why: { [why]: 1 } },
  [what]: 1,
});
export const NONE: UpkeepCounts = { seen: 0, done: 0, left: 0, why: {} };

/** Registered so many days ago. */
export const age = ({ database: { sql } }: World, userId: string, days: number) =>
  sql`UPDATE users SET registered_at = now() - ${days} * interval '1 day' WHERE id = ${userId}`;

/** An account as registering leaves it, whose link is not good any more. */
export async function unconfirmed(
  { database: { db } }: World,
  { days = 8, ...set }: { days?: number } & Partial<typeof users.$inferInsert> = {},
): Promise<string> {
  const id = uuidv7();
  const registeredAt = new Date(Date.now() - days * 24 * 60 * 60 * 1000);
  await db
    .insert(users)
    .values({ id, email: `${id}@people.example`, role: 'user', isVerified: false, registeredAt, ...set });
  return id;
}

export const isThere = async ({ database: { sql } }: World, userId: string): Promise<boolean> =>
  (await sql`SELECT FROM users WHERE id = ${userId}`).length > 0;
