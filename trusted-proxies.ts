import { BlockList, isIP } from 'node:net';

/** Who sent a request, as far as we can believe it. */
export interface RequestClient {
  /** Null where there is no connection, as in a test that calls the app itself. */
  readonly ip: string | null;
  readonly isHttps: boolean;
}

/** What we know of a request before we believe its headers. */
export interface Arrival {
  /** The other end of the connection. */
  readonly peer: string | undefined;
  readonly isEncrypted: boolean;
  readonly header: (name: string) => string | undefined;
}

/** Whether an entry of TRUSTED_PROXIES is an address or a network (CIDR). */
export function isNetwork(entry: string): boolean {
  const [address = '', bits, ...more] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/**
 * Finds the client behind our own proxies. Anybody can send `X-Forwarded-*`, so the headers are believed only as far
 * as trusted addresses vouch for them: `X-Forwarded-For` is read from the right, past each trusted hop, to the first
 * address that is not trusted. `networks` as `isNetwork` accepts them.
 */
export function createClientFinder(networks: readonly string[]): (arrival: Arrival) => RequestClient {
  const trusted = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    if (bits === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(bits), family);
  }
  const isTrusted = (ip: string) => trusted.check(ip, isIP(ip) === 4 ? 'ipv4' : 'ipv6');

  return ({ peer, isEncrypted, header }) => {
    const connected = addressIn(peer ?? '');
    if (connected === null || !isTrusted(connected)) return { ip: connected, isHttps: isEncrypted };
    let ip = connected;
    for (const hop of (header('x-forwarded-for') ?? '').split(',').toReversed()) {
      const address = addressIn(hop);
      // Not an address: what stands left of it could be anything.
      if (address === null) break;
      ip = address;
      if (!isTrusted(address)) break;
    }
    // The last value comes from the proxy that we are connected to.
    const scheme = header('x-forwarded-proto')?.split(',').at(-1)?.trim().toLowerCase();
    return { ip, isHttps: scheme === undefined ? isEncrypted : scheme === 'https' };
  };
}

/**
 * The address in `1.2.3.4`, `1.2.3.4:567`, `::1`, `[::1]:567`, `::ffff:1.2.3.4` or `fe80::1%eth0`; null where there
 * is none.
 */
function addressIn(text: string): string | null {
  const trimmed = text.trim();
  const bare = /^\[(.+)\](?::\d+)?$/.exec(trimmed)?.[1] ?? trimmed.replace(/^([\d.]+):\d+$/, '$1');
  const address = bare.replace(/%.*$/, '').replace(/^::ffff:(?=[\d.]+$)/i, '');
  return isIP(address) === 0 ? null : address;
}
