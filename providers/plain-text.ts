/** A provider's message is kept and shown whole up to here. */
const MESSAGE_MAX_CHARS = 2_000;

/** PostgreSQL's text holds no NUL, JSON's does: a row that refuses one would keep its workflow trying for ever. */
export function withoutNul(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}

/** What a provider said, for rows and for people: without NUL, and no longer than a page. */
export function message(said: string): string {
  const clean = withoutNul(said);
  return clean.length <= MESSAGE_MAX_CHARS ? clean : `${clean.slice(0, MESSAGE_MAX_CHARS - 1)}…`;
}
