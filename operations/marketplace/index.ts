import { lockManyTransfers } from '../../db/marketplace/index.ts';
import type { SubjectPart } from '../row-kind.ts';
import { MARKETPLACE_FLAGS } from './flags.ts';
import { order, stuckOrder } from './order.ts';
import { refund, stuckOrphan, stuckRefund } from './refund.ts';
import { failedReversal, reversal, stuckReversal } from './reversal.ts';
import { storyOf } from './story.ts';
import { failedTransfer, stuckTransfer, transfer } from './transfer.ts';

export { disputeEvents, disputeRow } from './dispute.ts';
export { refundEvents, refundRow } from './refund.ts';
export { refundPurchase, type StartWork } from './refund-purchase.ts';
export { giveBack, giveBackRefused } from './give-back-actions.ts';
export { markReturned } from './refund-actions.ts';
export { retryReversal, reversalResolutions } from './reversal-actions.ts';
export { retryTransfer, transferResolutions } from './transfer-actions.ts';

export const MARKETPLACE = {
  // The story of each is that of its order.
  rows: [order, refund, transfer, reversal].map((kind) => ({ ...kind, story: storyOf(kind.kind) })),
  // In the order of money's way.
  stuck: {
    order: stuckOrder,
    orphan: stuckOrphan,
    refund: stuckRefund,
    transfer: stuckTransfer,
    failed_transfer: failedTransfer,
    reversal: stuckReversal,
    failed_reversal: failedReversal,
  },
  flags: MARKETPLACE_FLAGS,
  lockMany: (tx, idsOf) =>
    lockManyTransfers(tx, { transferIds: idsOf('transfer'), reversalIds: idsOf('reversal') }),
} as const satisfies SubjectPart;
