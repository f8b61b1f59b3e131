/** PostgreSQL's code for a row that another one refers to. */
const IS_REFERRED_TO = '23503';

/** The table whose rows refer to the one that was to be removed; null where the error is another. */
export function referrerOf(thrown: unknown): string | null {
  if (!(thrown instanceof Error)) return null;
  if ('code' in thrown && thrown.code === IS_REFERRED_TO && 'table_name' in thrown)
    return String(thrown.table_name);
  return referrerOf(thrown.cause);
}
