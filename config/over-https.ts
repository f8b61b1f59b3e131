/** Checks an address that keys are sent to, or that trusted keys are fetched from. */
export const overHttps = (given: string): string | null =>
  URL.canParse(given) && isOpenHttp(new URL(given))
    ? 'https: over http: others on the way could read and change what is sent'
    : null;

/** Loopback, private networks, and names that resolve only inside a private network. */
const INSIDE =
  /^(localhost|127\.[\d.]+|10\.[\d.]+|192\.168\.[\d.]+|172\.(1[6-9]|2\d|3[01])\.[\d.]+|\[(::1|f[cd][0-9a-f:]+)\]|[^.[\]]+|.+\.(internal|local|svc))$/i;

const isOpenHttp = ({ protocol, hostname }: URL) => protocol === 'http:' && !isInside(hostname);

/** Whether a host's name is of this machine, or of a private network. */
export const isInside = (host: string): boolean => INSIDE.test(host);
