import { and, eq, ne, or, sql } from 'drizzle-orm';
import { union } from 'drizzle-orm/pg-core';
import type { Refusal } from '../../domain/errors.ts';
import type { BillingTerms } from '../../domain/subscriptions/terms.ts';
import type { Db, Tx } from '../client.ts';
import type { Plan } from './schema.ts';
import { trialCards, trialUses } from './schema.ts';
import { trialMailHash } from './trial-hash.ts';

interface Person {
  readonly id: string;
  readonly email: string;
  readonly isVerified: boolean;
}

/** Why a person gets no trial of a plan; null where they get one. `useTrial` decides it again. */
export async function whyNoTrial(
  db: Db | Tx,
  person: Person,
  { plan, terms }: { readonly plan: Plan; readonly terms: Pick<BillingTerms, 'trialHashKey'> },
): Promise<Refusal | null> {
  if (plan.trialDays === 0) return { code: 'trial_not_offered', detail: `${plan.name} has no trial.` };
  if (!person.isVerified)
    return { code: 'email_not_verified', detail: 'A trial needs an e-mail address that is verified.' };
  const emailHash = trialMailHash(terms.trialHashKey, person.email);
  const [used] = await db
    .select({ userId: trialUses.userId })
    .from(trialUses)
    .where(or(eq(trialUses.userId, person.id), eq(trialUses.emailHash, emailHash)))
    .limit(1);
  return used === undefined ? null : USED;
}

const USED: Refusal = {
  code: 'trial_already_used',
  detail: 'There is one trial in a life, and you had it.',
};

/** Uses up a person's one trial, or says why they get none. The person must be locked. `now` is billing time. */
export async function useTrial(
  tx: Tx,
  person: Person,
  { plan, now, terms }: { readonly plan: Plan; readonly now: Date; readonly terms: BillingTerms },
): Promise<Refusal | null> {
  const refused = await whyNoTrial(tx, person, { plan, terms });
  if (refused !== null) return refused;
  const use = {
    userId: person.id,
    emailHash: trialMailHash(terms.trialHashKey, person.email),
    usedAt: now,
  };
  // Another account of the same address that does this now is waited for.
  const written = await tx.insert(trialUses).values(use).onConflictDoNothing().returning();
  return written.length > 0 ? null : USED;
}

/**
 * Whether somebody else had a trial with this card. The use of the person themselves keeps each card that they give in their
 * trial. Of two who bring one card at once, the second finds the first.
 */
export async function keepTrialCard(tx: Tx, userId: string, fingerprintHash: string): Promise<boolean> {
  await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${fingerprintHash}, 0))`);
  await keepOwn(tx, userId, fingerprintHash);
  const others = await union(
    tx
      .select({ userId: trialUses.userId })
      .from(trialUses)
      .where(and(eq(trialUses.fingerprintHash, fingerprintHash), ne(trialUses.userId, userId))),
    tx
      .select({ userId: trialCards.userId })
      .from(trialCards)
      .where(and(eq(trialCards.fingerprintHash, fingerprintHash), ne(trialCards.userId, userId))),
  ).limit(1);
  return others.length > 0;
}

async function keepOwn(tx: Tx, userId: string, fingerprintHash: string): Promise<void> {
  const [own] = await tx.select().from(trialUses).where(eq(trialUses.userId, userId)).for('no key update');
  if (own === undefined || own.fingerprintHash === fingerprintHash) return;
  if (own.fingerprintHash === null)
    await tx.update(trialUses).set({ fingerprintHash }).where(eq(trialUses.userId, userId));
  else await tx.insert(trialCards).values({ userId, fingerprintHash }).onConflictDoNothing();
}
