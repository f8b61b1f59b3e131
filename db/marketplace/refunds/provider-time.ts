import type { Refund } from './schema.ts';

/** Whether a newer report of the PSP's came before; a report without a time is never old. */
export const isOlder = (saidAt: string | undefined, { providerUpdatedAt }: Refund): boolean =>
  saidAt !== undefined && providerUpdatedAt !== null && new Date(saidAt) < providerUpdatedAt;

/** The time of the latest report on the refund, with this one. */
export const latest = (saidAt: string | undefined, refund: Refund): Date | null =>
  saidAt === undefined || isOlder(saidAt, refund) ? refund.providerUpdatedAt : new Date(saidAt);
