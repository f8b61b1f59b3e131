export const balanceSubject = (userId: string) => `balance/${userId}`;
export const payoutWorkflowId = (payoutId: string) => `payout/${payoutId}`;

export const payoutKey = (payoutId: string, generation: number) => `payout:${payoutId}:${generation}`;
