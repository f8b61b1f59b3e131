/** Holds the console's session; the endpoint that decodes payloads for Temporal's UI takes it too. */
export const CONSOLE_COOKIE = 'veza_ops';
