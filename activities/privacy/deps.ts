import type { Config } from '../../config.ts';
import type { OauthClients } from '../../domain/accounts/index.ts';
import type { Engine } from '../../engine/port/index.ts';
import type { FileDeps, KernelDeps } from '../kernel/index.ts';
import type { AccountsDeps } from '../accounts/index.ts';
import type { PayoutDeps } from '../payouts/index.ts';

export interface PrivacySettings {
  /** How long an erasing waits for a provider of sign-ins that is away. */
  readonly erasingProviderWaitMs: number;
}

export interface DeletionSettings {
  /** How often a deletion that waits looks at open money. */
  readonly lookEveryMs: number;
}

export const privacySettings = (config: Config) => ({
  privacy: { erasingProviderWaitMs: config.ERASING_PROVIDER_WAIT } satisfies PrivacySettings,
  deletions: { lookEveryMs: config.DELETION_LOOK_EVERY } satisfies DeletionSettings,
});

export interface PrivacyDeps extends KernelDeps, FileDeps {
  readonly engine: Engine;
  /** Providers that people sign in by. */
  readonly oauth: OauthClients;
  readonly settings: { readonly privacy: PrivacySettings };
}

/** What the leaving of a person needs besides: its last mail, and the payout of what is left. */
export type DeletionDeps = PrivacyDeps & {
  readonly settings: { readonly deletions: DeletionSettings } & Pick<AccountsDeps['settings'], 'mail'> &
    Pick<PayoutDeps['settings'], 'payoutMinimumMinor'>;
};
