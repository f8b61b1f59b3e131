import { getMaintenance } from './get-maintenance.ts';
import { getStory } from './get-story.ts';
import { giveBackAgain } from './give-back-again.ts';
import { giveBack } from './give-back.ts';
import { listFlags } from './list-flags.ts';
import { listStuck } from './list-stuck.ts';
import { performAction } from './perform-action.ts';
import { performBulk } from './perform-bulk.ts';
import { previewAction } from './preview-action.ts';
import { previewBulk } from './preview-bulk.ts';
import { resolveReversal } from './resolve-reversal.ts';
import { resolveTransfer } from './resolve-transfer.ts';
import { retryReversal } from './retry-reversal.ts';
import { retryTransfer } from './retry-transfer.ts';
import { returnRefund } from './return-refund.ts';
import { switchMaintenance } from './switch-maintenance.ts';

/** In the order of the reference page. */
export const OPERATORS_ROUTES = [
  retryTransfer,
  retryReversal,
  giveBack,
  giveBackAgain,
  resolveReversal,
  resolveTransfer,
  returnRefund,
  listFlags,
  listStuck,
  getStory,
  previewAction,
  performAction,
  previewBulk,
  performBulk,
  getMaintenance,
  switchMaintenance,
] as const;
