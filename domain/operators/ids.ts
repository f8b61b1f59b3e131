/** The cookie of the console's session; the endpoint that decodes payloads for Temporal's UI accepts it too. */
export const CONSOLE_COOKIE = 'veza_ops';
