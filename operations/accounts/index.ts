import type { SubjectPart } from '../row-kind.ts';
import { keyUndertakingOf } from './make-api-key.ts';

export { keyToKeepOf, makeApiKey } from './make-api-key.ts';

export const ACCOUNTS = {
  rows: [],
  stuck: {},
  undertakingOf: keyUndertakingOf,
} as const satisfies SubjectPart;
