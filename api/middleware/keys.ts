import { createHmac } from 'node:crypto';
import { signerOf, type SignerSettings } from '../../domain/accounts/index.ts';
import type { ApiConfig } from '../context.ts';

/** What keys of their own are made for: one that leaks opens nothing of the others. */
type Purpose = 'limits' | 'refresh tokens' | 'known browsers';

/** A key of one purpose, from the secret that all API processes have. */
export const keyFor = (
  config: SignerSettings & Pick<ApiConfig, 'HYPERSWITCH_WEBHOOK_SECRET'>,
  purpose: Purpose,
): Buffer => createHmac('sha256', sharedSecretOf(config)).update(`veza ${purpose}`).digest();

/** What all API processes have and nobody else: the secret of tokens, else the key that signs them. */
export function sharedSecretOf(
  config: SignerSettings & Pick<ApiConfig, 'HYPERSWITCH_WEBHOOK_SECRET'>,
): string {
  const signer = config.JWT_SECRET ?? signerOf(config);
  if (signer === undefined) return config.HYPERSWITCH_WEBHOOK_SECRET.join();
  return typeof signer === 'string' ? signer : signer.privateJwk.d;
}
