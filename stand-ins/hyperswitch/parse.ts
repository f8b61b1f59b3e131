import { isRecord } from '../kernel/fields.ts';
import { MalformedBody, Refusal } from './errors.ts';

/** serde's wording, as far as clients can meet it. */
export function requireObject(body: unknown, raw: string): Record<string, unknown> {
  if (isRecord(body)) return body;
  throw new MalformedBody(
    raw === '' ? 'EOF while parsing a value at line 1 column 0' : 'expected value at line 1 column 1',
  );
}

export function optionalText(body: Record<string, unknown>, field: string): string | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string')
    throw new MalformedBody(`invalid type: ${describe(value)}, expected a string`);
  return value;
}

export function optionalInteger(body: Record<string, unknown>, field: string): number | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new MalformedBody(`invalid type: ${describe(value)}, expected i64`);
  }
  return value;
}

export function optionalBoolean(body: Record<string, unknown>, field: string): boolean | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean')
    throw new MalformedBody(`invalid type: ${describe(value)}, expected a boolean`);
  return value;
}

export function required<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw new Refusal('missing_param', `Missing required param: ${field}`);
  return value;
}

export function refuseUnknownFields(body: Record<string, unknown>, known: readonly string[]): void {
  const unknown = Object.keys(body).find((field) => !known.includes(field));
  if (unknown === undefined) return;
  const expected = known.map((field) => `\`${field}\``).join(', ');
  throw new MalformedBody(`unknown field \`${unknown}\`, expected one of ${expected}`);
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `string ${JSON.stringify(value)}`;
  if (typeof value === 'number') return `floating point \`${value}\``;
  if (typeof value === 'boolean') return `boolean \`${value}\``;
  return Array.isArray(value) ? 'sequence' : 'map';
}
