import { createHash } from 'node:crypto';

/** A token for what was shown: the same only as long as nothing of it has changed. */
export const seenToken = (...shown: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(shown)).digest('base64url').slice(0, 32);
