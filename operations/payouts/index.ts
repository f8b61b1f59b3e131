import { lockManyPayouts } from '../../db/payouts/index.ts';
import type { SubjectPart } from '../row-kind.ts';
import { balance } from './balance.ts';
import { payout, stuckPayout } from './payout.ts';

export const PAYOUTS = {
  rows: [payout, balance],
  stuck: { payout: stuckPayout },
  lockMany: (tx, idsOf) => lockManyPayouts(tx, idsOf('payout')),
} as const satisfies SubjectPart;
