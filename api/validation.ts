import { VezaError } from '../domain/errors.ts';

/** Where a field was: as OpenAPI names the places of parameters, and the body. */
export type FieldPlace = 'body' | 'path' | 'query' | 'header';

export interface FieldProblem {
  readonly field: string;
  readonly in: FieldPlace;
  readonly message: string;
}

/** `validation_failed`, naming each field at fault. */
export class ValidationError extends VezaError {
  readonly fields: readonly FieldProblem[];

  constructor(fields: readonly FieldProblem[]) {
    super('validation_failed', `Not acceptable: ${fields.map(({ field }) => field).join(', ')}.`);
    this.fields = fields;
  }
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly code?: string;
  readonly keys?: readonly string[];
}

const PLACES: Readonly<Record<string, FieldPlace>> = { param: 'path', query: 'query', header: 'header' };

/** What the schemas found, as one error; given to every route as its hook. */
export function refuseInvalid(result: {
  success: boolean;
  target: string;
  error?: { issues: readonly Issue[] };
}): undefined {
  if (result.success) return;
  const place = PLACES[result.target] ?? 'body';
  const problems = (result.error?.issues ?? []).flatMap((issue) => fieldsOf(issue, place));
  // A field that breaks two rules is still one field; the first says enough.
  throw new ValidationError(
    problems.filter(({ field }, index) => problems.findIndex((other) => other.field === field) === index),
  );
}

function fieldsOf(issue: Issue, place: FieldPlace): FieldProblem[] {
  // An unknown field is an issue of the object that holds it; the client wants the field.
  const paths = issue.keys ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
  return paths.map((path) => ({
    field: path.map(String).join('.') || place,
    in: place,
    message: issue.keys ? 'Unknown field' : issue.message,
  }));
}
