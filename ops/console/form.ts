import type { Context } from 'hono';
import { VezaError } from '../../domain/errors.ts';
import { isPlainText } from '../../domain/kernel/index.ts';
import type { ConsoleDeps, ConsoleEnv } from './deps.ts';

/** The fields of a posted form, as text. */
export interface Form {
  /** Empty where the field was not sent. */
  readonly text: (name: string) => string;
  /** All that were sent under a name: ticked boxes. */
  readonly all: (name: string) => readonly string[];
}

/** Our largest form has a box for each row of a page. */
const FIELDS_MAX = 1_000;
const FORM = 'application/x-www-form-urlencoded';
const FORM_TYPE = /^application\/x-www-form-urlencoded *(;|$)/i;

/** Throws `validation_failed` where the body is no form of ours. */
export async function readForm(
  c: Context<ConsoleEnv>,
  { bodies }: Pick<ConsoleDeps, 'bodies'>,
): Promise<Form> {
  if (!FORM_TYPE.test(c.req.header('content-type') ?? FORM)) {
    throw new VezaError('validation_failed', 'The form cannot be read.');
  }
  const fields = new URLSearchParams(formText(await bodies.read(c.req, c.env?.incoming)));
  const byName = new Map<string, string[]>();
  for (const [name, value] of fields) {
    if (!isPlainText(name) || !isPlainText(value)) {
      throw new VezaError('validation_failed', 'The form holds a NUL.');
    }
    const sent = byName.get(name);
    if (sent) sent.push(value);
    else byName.set(name, [value]);
  }
  const all = (name: string) => byName.get(name) ?? [];
  return { all, text: (name) => all(name)[0] ?? '' };
}

function formText(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  let fields = 1;
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) {
    fields += 1;
    if (fields > FIELDS_MAX) {
      throw new VezaError('validation_failed', `The form has more than ${FIELDS_MAX} fields.`);
    }
  }
  return text;
}
