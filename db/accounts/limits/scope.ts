import { createHmac } from 'node:crypto';

/**
 * The name under which something is counted: no address and no client can be read from the row, nor be found by trying without
 * the key.
 */
export const scopeOf = (key: string | Buffer, ...parts: readonly string[]): string =>
  createHmac('sha256', key).update(parts.join('\0')).digest('base64url');
