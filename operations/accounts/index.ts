import type { SubjectPart } from '../row-kind.ts';
import { account } from './account.ts';
import { mail, MAIL_FLAG_WORDS, stuckMail } from './mail.ts';
import { keyUndertakingOf } from './make-api-key.ts';

export { keyToKeepOf, makeApiKey } from './make-api-key.ts';

export const ACCOUNTS = {
  rows: [account, mail],
  stuck: { mail: stuckMail },
  flags: MAIL_FLAG_WORDS,
  undertakingOf: keyUndertakingOf,
} as const satisfies SubjectPart;
