import type { Config } from '../../config.ts';
import type { OauthClients } from '../../domain/accounts/index.ts';
import type { Engine } from '../../engine/port/index.ts';
import type { FileDeps, KernelDeps } from '../kernel/index.ts';

export interface PrivacySettings {
  /** How long an erasing waits for a provider of sign-ins that is away. */
  readonly erasingProviderWaitMs: number;
}

export const privacySettings = (config: Config): { readonly privacy: PrivacySettings } => ({
  privacy: { erasingProviderWaitMs: config.ERASING_PROVIDER_WAIT },
});

export interface PrivacyDeps extends KernelDeps, FileDeps {
  readonly engine: Engine;
  /** Providers that people sign in by. */
  readonly oauth: OauthClients;
  readonly settings: { readonly privacy: PrivacySettings };
}
