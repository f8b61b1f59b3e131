import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ID_BYTES = 16;
const CURSOR = /^[\w-]{59}$/;

/**
 * Places in lists, as clients carry them: encrypted, and bound to the list and the caller that they were given to. So
 * a cursor reveals nothing, and nobody can learn by a made-up one where another's row stands. Each place has one
 * cursor.
 */
export class Cursors {
  readonly #encryption: Buffer;
  readonly #nonces: Buffer;

  /** All API processes have the same secret; when it changes, clients begin at the first page again. */
  constructor(secret: string) {
    const keyOf = (use: string) =>
      Buffer.from(hkdfSync('sha256', secret, '', `veza cursors: ${use}`, KEY_BYTES));
    this.#encryption = keyOf('encryption');
    this.#nonces = keyOf('nonces');
  }

  /** `id` is a UUID, `scope` names the list and the caller. */
  write(id: string, scope: string): string {
    const place = Buffer.from(id.replaceAll('-', ''), 'hex');
    // Derived from the content, so that two places never share a nonce.
    const nonce = createHmac('sha256', this.#nonces)
      .update(place)
      .update(scope)
      .digest()
      .subarray(0, NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#encryption, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(scope));
    return Buffer.concat([nonce, cipher.update(place), cipher.final(), cipher.getAuthTag()]).toString(
      'base64url',
    );
  }

  /** Null where the cursor was not given to this caller for this list. */
  read(cursor: string, scope: string): string | null {
    if (!CURSOR.test(cursor)) return null;
    const bytes = Buffer.from(cursor, 'base64url');
    const tagAt = NONCE_BYTES + ID_BYTES;
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv(CIPHER, this.#encryption, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(scope));
    decipher.setAuthTag(bytes.subarray(tagAt));
    try {
      const hex = Buffer.concat([
        decipher.update(bytes.subarray(NONCE_BYTES, tagAt)),
        decipher.final(),
      ]).toString('hex');
      return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    } catch {
      return null;
    }
  }
}
