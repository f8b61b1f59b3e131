import type { Refund } from './schema.ts';

/** Whether the PSP had said something newer before: a word without a time is never old. */
export const isOlder = (saidAt: string | undefined, { providerUpdatedAt }: Refund): boolean =>
  saidAt !== undefined && providerUpdatedAt !== null && new Date(saidAt) < providerUpdatedAt;

/** The time of its latest word on the refund, this one included. */
export const latest = (saidAt: string | undefined, refund: Refund): Date | null =>
  saidAt === undefined || isOlder(saidAt, refund) ? refund.providerUpdatedAt : new Date(saidAt);
