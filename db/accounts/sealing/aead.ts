import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** NIST SP 800-38D, 8.2.2: a random nonce of 96 bits, for which 8.3 allows 2^32 texts a key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Where a sealed value stands. It cannot be read in another place. */
export interface Place {
  readonly table: string;
  readonly column: string;
  readonly rowId: string;
}

/** AES-256-GCM; returns nonce, text and tag in base64url. */
export function encrypt(key: Uint8Array, place: Place, text: Uint8Array): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(boundTo(place));
  return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString(
    'base64url',
  );
}

/** Null where the key is another one, or text or place were changed. */
export function decrypt(key: Uint8Array, place: Place, inBase64Url: string): Buffer | null {
  const data = Buffer.from(inBase64Url, 'base64url');
  if (data.length < NONCE_BYTES + TAG_BYTES) return null;
  const [nonce, tag] = [data.subarray(0, NONCE_BYTES), data.subarray(-TAG_BYTES)];
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(boundTo(place))
    .setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
}

const boundTo = ({ table, column, rowId }: Place) => Buffer.from(JSON.stringify([table, column, rowId]));
