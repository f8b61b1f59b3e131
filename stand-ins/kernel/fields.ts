/** The fields of a body by dotted path, as text: what a fault's `where` is compared with. */
export function flatten(
  value: unknown,
  prefix = '',
  into: Map<string, string> = new Map(),
): Map<string, string> {
  if (value === null || value === undefined) return into;
  if (typeof value !== 'object') {
    if (prefix !== '') into.set(prefix, String(value as string | number | boolean));
    return into;
  }
  for (const [key, inner] of Object.entries(value))
    flatten(inner, prefix === '' ? key : `${prefix}.${key}`, into);
  return into;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
