export const LEDGER_TITLES = { story: { ledger: 'Books' } } as const;
