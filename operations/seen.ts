import { createHash } from 'node:crypto';
import type { Operation, Standing } from './action.ts';

/** A token of what was shown: it stays the same only while nothing of it changes. */
export const seenToken = (...shown: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(shown)).digest('base64url').slice(0, 32);

/** The token of a row and the action asked for. */
export const seenOf = ({ action, params }: Operation, subject: string, standing: Standing): string =>
  params === undefined ? seenToken(action, subject, standing) : seenToken(action, subject, standing, params);
