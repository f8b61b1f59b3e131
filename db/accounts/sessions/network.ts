import { isIPv6 } from 'node:net';

const GROUPS = 8;
const GROUPS_OF_NETWORK = 4;

/** Who has an IPv6 address has its /64 (RFC 6177): all addresses there are one client. In the way of PostgreSQL's `inet`. */
export function networkOf(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const [left = '', right] = ip.split('::');
  const [before, after] = [groupsIn(left), groupsIn(right ?? '')];
  const zeros = Array.from({ length: Math.max(GROUPS - before.length - after.length, 0) }, () => '0');
  const groups = right === undefined ? before : [...before, ...zeros, ...after];
  const network = groups.slice(0, GROUPS_OF_NETWORK).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}

/** An IPv4 address at the end takes two groups. */
const groupsIn = (part: string): string[] =>
  part === '' ? [] : part.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
