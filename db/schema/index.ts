export * from './catalog.ts';
export * from './orders.ts';
export * from './refunds.ts';
export * from './refund-events.ts';
export * from './transfers.ts';
export * from './ledger.ts';
export * from './operations.ts';
export * from './approvals.ts';
