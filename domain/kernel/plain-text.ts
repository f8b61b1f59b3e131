/** PostgreSQL's text cannot hold NUL, and UTF-8 cannot hold half a surrogate pair. JSON's text may have both. */
const NOT_PLAIN = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;
const EACH_NOT_PLAIN = new RegExp(NOT_PLAIN, 'g');

/** Whether a row can hold this text as it is. */
export const isPlainText = (text: string): boolean => !NOT_PLAIN.test(text);

/** The same text with U+FFFD in the place of each character that no row can hold. */
export const asPlainText = (text: string): string => text.replace(EACH_NOT_PLAIN, '\uFFFD');

/** A provider's message is kept and shown up to this length. */
const MESSAGE_MAX_CHARS = 2_000;

/** A provider's message for rows and for people: as a row can hold it, and no longer than a page. */
export function message(said: string): string {
  const clean = asPlainText(said.slice(0, MESSAGE_MAX_CHARS));
  return said.length <= MESSAGE_MAX_CHARS ? clean : `${clean.slice(0, MESSAGE_MAX_CHARS - 1)}…`;
}
