interface Allowed {
  /** Scheme, host and port of the shop. */
  readonly appUrl: string;
  /** Exact names, in lower case. */
  readonly hosts: readonly string[];
}

/** A backslash is a slash to browsers and none to others; the rest has no place in an address. */
const AMBIGUOUS = /[\\\s\p{Cc}]/u;

/**
 * Whether a browser may be sent to an address with a code that signs somebody in: by the letter, so that nobody who reads it in
 * another way is sent elsewhere. No user part, no port, https, and no fragment, in which the code goes.
 */
export function mayRedirectTo(given: string, { appUrl, hosts }: Allowed): boolean {
  if (AMBIGUOUS.test(given) || given.includes('#')) return false;
  return [appUrl, ...hosts.map((host) => `https://${host}`)].some(
    (origin) => given === origin || given.startsWith(`${origin}/`) || given.startsWith(`${origin}?`),
  );
}
