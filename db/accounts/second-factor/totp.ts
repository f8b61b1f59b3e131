import { Secret, TOTP } from 'otpauth';

const SECRET_BYTES = 20;
const PERIOD_S = 30;
/** A code of the step before or after counts too: clocks differ, and people type slowly. */
const WINDOW = 1;

const totpOf = (secret: string, label = '') =>
  new TOTP({
    ...{ issuer: 'Veza', label, algorithm: 'SHA1', digits: 6, period: PERIOD_S },
    secret: Secret.fromBase32(secret),
  });

/** A new secret, in base32 as apps take it (RFC 6238, RFC 4648). */
export const newSecret = (): string => new Secret({ size: SECRET_BYTES }).base32;

/** What a QR code holds: https://github.com/google/google-authenticator/wiki/Key-Uri-Format. */
export const uriOf = (secret: string, label: string): string => totpOf(secret, label).toString();

/** The time step that a code is of, of those that count now; null: none. */
export function stepOf(secret: string, code: string, atMs: number): number | null {
  const delta = totpOf(secret).validate({ token: code, timestamp: atMs, window: WINDOW });
  return delta === null ? null : Math.floor(atMs / 1000 / PERIOD_S) + delta;
}
