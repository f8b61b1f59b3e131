/**
 * The arrays of PostgreSQL's own types (https://www.postgresql.org/docs/current/catalog-pg-type.html): bool, smallint, int,
 * bigint, text, varchar, timestamptz, numeric, uuid. The driver would ask for them on each new connection.
 */
const ARRAY_OIDS = [1000, 1005, 1007, 1016, 1009, 1015, 1185, 1231, 2951];

const quoted = (value: string | number | boolean | null): string => {
  if (value === null) return 'NULL';
  const text = String(value);
  return `"${text.replace(/["\\]/g, String.raw`\$&`)}"`;
};

/** Writes an array as PostgreSQL reads it; text that the ORM has written already stays. */
const writeArray = (value: unknown): unknown =>
  Array.isArray(value) ? `{${(value as (string | number | boolean | null)[]).map(quoted).join(',')}}` : value;

/** The writer of arrays for each type's number in PostgreSQL. */
export const ARRAYS: Readonly<Record<number, (value: unknown) => unknown>> = Object.fromEntries(
  ARRAY_OIDS.map((oid) => [oid, writeArray]),
);
