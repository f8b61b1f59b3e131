/** What stands around an address in a text: spaces, brackets, quotes and what separates fields. */
const WORD = /[^\s<>"'=:,;()]+/g;
/** As it is, and as an address has it in a path. */
const AT = /@|%40/i;

/**
 * A text with each e-mail address in it replaced by what `mask` makes of its name and its host. One pass, whatever the
 * text: a word without an @ costs its length.
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
