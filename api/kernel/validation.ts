import { VezaError } from '../../domain/errors.ts';
import { asPlainText } from '../../domain/kernel/plain-text.ts';

/** Where a field was: as OpenAPI names the places of parameters, and the body. */
export type FieldPlace = 'body' | 'path' | 'query' | 'header';

export interface FieldProblem {
  readonly field: string;
  readonly in: FieldPlace;
  readonly message: string;
}

/** The most mistakes that one answer names. */
export const PROBLEMS_MAX = 20;
const FIELD_MAX_CHARS = 100;

/** `validation_failed`, which names each field at fault once: at most twenty, with long names cut. */
export class ValidationError extends VezaError {
  readonly fields: readonly FieldProblem[];

  constructor(fields: Iterable<FieldProblem>) {
    const first = firstOfEach(fields);
    super('validation_failed', `Not acceptable: ${first.map(({ field }) => field).join(', ')}.`);
    this.fields = first;
  }
}

/** A field that breaks two rules is named once, by the first. */
function firstOfEach(fields: Iterable<FieldProblem>): FieldProblem[] {
  const byField = new Map<string, FieldProblem>();
  for (const problem of fields) {
    const field = shorten(problem.field);
    if (!byField.has(field)) byField.set(field, { ...problem, field });
    if (byField.size === PROBLEMS_MAX) break;
  }
  return [...byField.values()];
}

const shorten = (text: string) =>
  text.length <= FIELD_MAX_CHARS ? text : `${asPlainText(text.slice(0, FIELD_MAX_CHARS))}…`;

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly code?: string;
  readonly keys?: readonly string[];
}

const PLACES: Readonly<Record<string, FieldPlace>> = { param: 'path', query: 'query', header: 'header' };

/** The schemas' findings as one error; every route's hook. */
export function refuseInvalid(result: {
  success: boolean;
  target: string;
  error?: { issues: readonly Issue[] };
}): undefined {
  if (result.success) return;
  throw new ValidationError(problemsOf(result.error?.issues ?? [], PLACES[result.target] ?? 'body'));
}

function* problemsOf(issues: readonly Issue[], place: FieldPlace): Generator<FieldProblem> {
  for (const { path, message, keys } of issues) {
    // The schema names an unknown field's object; the client needs the field.
    for (const key of keys ?? [null]) {
      yield {
        field: (key === null ? path : [...path, key]).map(String).join('.') || place,
        in: place,
        message: key === null ? message : 'Unknown field',
      };
    }
  }
}
