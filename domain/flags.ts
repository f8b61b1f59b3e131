import { ACCOUNTS_FLAGS } from './accounts/flags.ts';
import { KERNEL_FLAGS } from './kernel/flags.ts';
import { MARKETPLACE_FLAGS } from './marketplace/flags.ts';
import { PAYOUTS_FLAGS } from './payouts/flags.ts';
import { PRIVACY_FLAGS } from './privacy/flags.ts';
import { SELLERS_FLAGS } from './sellers/flags.ts';
import { SETTLEMENTS_FLAGS } from './settlements/flags.ts';
import { SUBSCRIPTIONS_FLAGS } from './subscriptions/flags.ts';
import { WEBHOOKS_FLAGS } from './webhooks/flags.ts';

/** The register of flags: each subject brings its kinds. */
export const FLAG_KINDS = [
  ...KERNEL_FLAGS,
  ...ACCOUNTS_FLAGS,
  ...WEBHOOKS_FLAGS,
  ...SELLERS_FLAGS,
  ...MARKETPLACE_FLAGS,
  ...PAYOUTS_FLAGS,
  ...SUBSCRIPTIONS_FLAGS,
  ...SETTLEMENTS_FLAGS,
  ...PRIVACY_FLAGS,
] as const;
export type FlagKind = (typeof FLAG_KINDS)[number];
