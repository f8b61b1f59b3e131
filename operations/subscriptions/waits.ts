/** What an attempt to be paid waits for, by the words of the stuck list. */
export const ATTEMPT_WAITS: Readonly<Record<string, string>> = {
  psp: 'The PSP has not answered for it: it is asked without end, under the same id.',
  psp_word: 'The PSP has it, and its webhook decides. Sweeps ask the PSP in case that was lost.',
  buyer:
    'It waits for its buyer to confirm it; the PSP’s webhook decides. Left alone, it is cancelled at its time.',
  end: 'It is not wanted any more: it is cancelled at the PSP, and what was captured all the same is given back.',
};

/** Which of them a pending attempt waits for; `db/subscriptions/work.ts` says the same in SQL. */
export function waitOf(attempt: {
  readonly endRequestedAt: Date | null;
  readonly providerStatus: string | null;
  readonly onSession: boolean;
}): string {
  if (attempt.endRequestedAt !== null) return 'end';
  if (attempt.providerStatus === null) return 'psp';
  return attempt.onSession && attempt.providerStatus.startsWith('requires_') ? 'buyer' : 'psp_word';
}
