/** The characters around an address in a text: spaces, brackets, quotes and separators of fields. */
const WORD = /[^\s<>"'=:,;()]+/g;
/** The sign itself, and as it is written in a URL's path. */
const AT = /@|%40/i;

/**
 * Replaces each e-mail address in a text by what `mask` makes of its name and its host. One pass over any text: a
 * word without an @ costs only its length.
 */
export function replaceEmails(text: string, mask: (name: string, host: string) => string): string {
  if (!AT.test(text)) return text;
  return text.replace(WORD, (word) => {
    const parts = word.split(AT);
    let masked = parts[0] ?? '';
    for (const host of parts.slice(1))
      masked = masked === '' || host === '' ? `${masked}@${host}` : mask(masked, host);
    return parts.length === 1 ? word : masked;
  });
}

/** An address as others may read it: `a***@people.example`. */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf('@');
  return `${email.slice(0, Math.min(1, Math.max(at, 0)))}***@${email.slice(at + 1)}`;
}

/** A text with its addresses masked so. */
export const maskEmails = (text: string): string =>
  replaceEmails(text, (name, host) => maskEmail(`${name}@${host}`));

/** A text without its addresses: reasons name people readily, and the audit log keeps ids alone. */
export const withoutEmails = (text: string): string => replaceEmails(text, () => '***');
