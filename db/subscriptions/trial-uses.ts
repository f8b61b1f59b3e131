import { eq, or, sql } from 'drizzle-orm';
import type { Refusal } from '../../domain/errors.ts';
import type { BillingTerms } from '../../domain/subscriptions/terms.ts';
import type { Tx } from '../client.ts';
import type { Plan } from './schema.ts';
import { trialUses } from './schema.ts';
import { trialMailHash } from './trial-hash.ts';

interface Person {
  readonly id: string;
  readonly email: string;
  readonly isVerified: boolean;
}

/** Uses up a person's one trial, or says why they get none. The person must be locked. `now` is billing time. */
export async function useTrial(
  tx: Tx,
  person: Person,
  { plan, now, terms }: { readonly plan: Plan; readonly now: Date; readonly terms: BillingTerms },
): Promise<Refusal | null> {
  if (plan.trialDays === 0) return { code: 'trial_not_offered', detail: `${plan.name} has no trial.` };
  if (!person.isVerified)
    return { code: 'email_not_verified', detail: 'A trial needs an e-mail address that is verified.' };
  const use = {
    userId: person.id,
    emailHash: trialMailHash(terms.trialHashKey, person.email),
    usedAt: now,
  };
  // Another account of the same address that does this now is waited for.
  const written = await tx.insert(trialUses).values(use).onConflictDoNothing().returning();
  return written.length > 0
    ? null
    : { code: 'trial_already_used', detail: 'There is one trial in a life, and you had it.' };
}

/**
 * Whether somebody else had a trial with this card. The use of the person themselves keeps the card. Of two who bring one
 * card at once, the second finds the first.
 */
export async function keepTrialCard(tx: Tx, userId: string, fingerprintHash: string): Promise<boolean> {
  await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${fingerprintHash}, 0))`);
  const uses = await tx
    .select()
    .from(trialUses)
    .where(or(eq(trialUses.userId, userId), eq(trialUses.fingerprintHash, fingerprintHash)));
  const own = uses.find((use) => use.userId === userId);
  if (own !== undefined && own.fingerprintHash === null)
    await tx.update(trialUses).set({ fingerprintHash }).where(eq(trialUses.userId, userId));
  return uses.some((use) => use.userId !== userId && use.fingerprintHash === fingerprintHash);
}
