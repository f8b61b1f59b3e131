/** `STRIPE_API_BASE` in the SDK's terms. Throws where the SDK could not honour it: it knows no path prefix. */
export function parseApiBase(apiBase: string): { host: string; port: number; protocol: 'http' | 'https' } {
  if (!URL.canParse(apiBase)) throw new Error('STRIPE_API_BASE is not a URL');
  const url = new URL(apiBase);
  const protocol = url.protocol.slice(0, -1);
  if (protocol !== 'http' && protocol !== 'https') throw new Error('STRIPE_API_BASE must be http or https');
  if (url.pathname !== '/' || url.search || url.username || url.password) {
    throw new Error('STRIPE_API_BASE must be scheme, host and port only');
  }
  // URL keeps the brackets of an IPv6 address, http.request does not want them.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(url.port) || (protocol === 'http' ? 80 : 443), protocol };
}
