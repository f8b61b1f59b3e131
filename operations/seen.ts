import { createHash } from 'node:crypto';
import type { Operation, Standing } from './action.ts';

/** A token for what was shown: the same only as long as nothing of it has changed. */
export const seenToken = (...shown: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(shown)).digest('base64url').slice(0, 32);

/** Of a row and what is asked of it. */
export const seenOf = ({ action, params }: Operation, subject: string, standing: Standing): string =>
  params === undefined ? seenToken(action, subject, standing) : seenToken(action, subject, standing, params);
