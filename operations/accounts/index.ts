import type { SubjectPart } from '../row-kind.ts';
import { account } from './account.ts';
import { keyUndertakingOf } from './make-api-key.ts';

export { peopleOf } from './account.ts';
export { keyToKeepOf, makeApiKey } from './make-api-key.ts';

export const ACCOUNTS = {
  rows: [account],
  stuck: {},
  undertakingOf: keyUndertakingOf,
} as const satisfies SubjectPart;
