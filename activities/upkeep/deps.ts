import { type Identity, identityOf } from '../../domain/accounts/index.ts';
import type { UpkeepLook, UpkeepPhase } from '../../domain/upkeep/index.ts';
import type { Config } from '../../config.ts';
import type { AccountsDeps } from '../accounts/index.ts';

export interface UpkeepSettings {
  /** Who knows the person: where an identity provider does, nobody can confirm an address here. */
  readonly identity: Identity;
  readonly unverifiedAccountTtlMs: number;
  /** How long it is known where somebody called from. */
  readonly addressRetentionMs: number;
  /** How long the body of a webhook is kept as it came, after it was processed. */
  readonly webhookBodyRetentionMs: number;
}

export const upkeepSettings = (config: Config): { readonly upkeep: UpkeepSettings } => ({
  upkeep: {
    identity: identityOf(config),
    unverifiedAccountTtlMs: config.UNVERIFIED_ACCOUNT_TTL,
    addressRetentionMs: config.ADDRESS_RETENTION,
    webhookBodyRetentionMs: config.WEBHOOK_BODY_RETENTION,
  },
});

export interface UpkeepDeps extends Pick<AccountsDeps, 'db' | 'log' | 'engine'> {
  readonly settings: AccountsDeps['settings'] & { readonly upkeep: UpkeepSettings };
  /** Called with what became of each row; the composition root counts it. */
  readonly onUpkeep?: (phase: UpkeepPhase, what: UpkeepLook['what']) => void;
}
