import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import Stripe from 'stripe';
import { isPlainText } from '../../domain/kernel/index.ts';

/** Stripe's own default: the signature's timestamp may be this old. */
const STRIPE_TOLERANCE_S = 300;
/** PostgreSQL refuses an index entry of more than 2,704 bytes; no provider's id comes near this. */
const EVENT_KEY_MAX_CHARS = 255;

/**
 * Whether Hyperswitch signed these bytes: `X-Webhook-Signature-512`, lower-case hex HMAC-SHA512 of the raw body with the
 * profile's response hash key (docs/wire-hyperswitch.md). Several secrets are active while one is rotated.
 * Constant time in the signature; never throws.
 */
export function verifyHyperswitch(
  rawBody: Uint8Array,
  signatureHex: string | undefined,
  secrets: readonly string[],
): boolean {
  // Exact form first: Buffer.from(…, 'hex') would silently stop at the first character that is not hex.
  if (signatureHex === undefined || !/^[0-9a-f]{128}$/.test(signatureHex)) return false;
  const given = Buffer.from(signatureHex, 'hex');
  let matches = false;
  for (const secret of usable(secrets)) {
    // No early exit: the time it takes must not tell which secret was right.
    matches = timingSafeEqual(createHmac('sha512', secret).update(rawBody).digest(), given) || matches;
  }
  return matches;
}

export type StripeVerification =
  | { ok: true; event: Stripe.Event }
  /** `bad_signature` is answered 401; `not_an_event` (signed, but not the JSON of an event) 400. */
  | { ok: false; reason: 'bad_signature' | 'not_an_event' };

/**
 * Whether Stripe signed these bytes (`Stripe-Signature`, HMAC-SHA256 of `t.body`, tolerance 300 s), by the SDK's
 * `constructEventAsync`. Several secrets are active while one is rotated. Never throws.
 */
export async function verifyStripe(
  rawBody: Uint8Array,
  header: string | undefined,
  secrets: readonly string[],
): Promise<StripeVerification> {
  for (const secret of usable(secrets)) {
    try {
      const event = await Stripe.webhooks.constructEventAsync(
        rawBody,
        header ?? '',
        secret,
        STRIPE_TOLERANCE_S,
      );
      // The SDK hands on any JSON that was signed.
      return isObject(event) ? { ok: true, event } : { ok: false, reason: 'not_an_event' };
    } catch (error) {
      if (error instanceof Stripe.errors.StripeSignatureVerificationError) continue;
      return { ok: false, reason: 'not_an_event' };
    }
  }
  return { ok: false, reason: 'bad_signature' };
}

/** SHA-256 in hex: the inbox' key for an event that carries no id. Hyperswitch's retries resend the same bytes. */
export function bodyHash(rawBody: Uint8Array): string {
  return sha256Hex(rawBody);
}

/**
 * The inbox' key for an event id: the id itself, or its hash where it is too long for an index entry or no row can
 * hold it.
 */
export function eventKey(eventId: string): string {
  if (eventId.length <= EVENT_KEY_MAX_CHARS && isPlainText(eventId)) return eventId;
  // As JSON: in UTF-8 all half characters would become the same one.
  return sha256Hex(isPlainText(eventId) ? eventId : JSON.stringify(eventId));
}

const sha256Hex = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex');

/** An empty secret (a stray comma in the setting) would let everyone sign. */
function usable(secrets: readonly string[]): string[] {
  return secrets.filter((secret) => secret.trim() !== '');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
