import type { Mail } from '../../db/accounts/index.ts';
import type { StoryEvent } from '../row-kind.ts';
import { event } from '../telling.ts';

/** By their kind alone: what else they say stands in the row. */
export const mailEvents = (subject: string, mails: readonly Mail[]): StoryEvent[] =>
  mails.map(({ createdAt, kind }) =>
    event(createdAt, 'mail', subject, `A mail was written: ${kind.replaceAll('_', ' ')}.`),
  );
