import type { Context } from 'hono';
import { VezaError } from '../../domain/errors.ts';
import type { ConsoleEnv } from './deps.ts';

/** The fields of a posted form, as text. */
export interface Form {
  /** Empty where the field was not sent. */
  readonly text: (name: string) => string;
  /** All that were sent under a name: ticked boxes. */
  readonly all: (name: string) => readonly string[];
}

/** Throws `validation_failed` where the body is no form. */
export async function readForm(c: Context<ConsoleEnv>): Promise<Form> {
  const body = await c.req.parseBody({ all: true }).catch((cause: unknown) => {
    throw Object.assign(new VezaError('validation_failed', 'The form cannot be read.'), { cause });
  });
  const all = (name: string) =>
    [body[name] ?? []].flat().filter((value): value is string => typeof value === 'string');
  return { all, text: (name) => all(name)[0] ?? '' };
}
