/**
 * A time of the router's as ISO 8601 in UTC with milliseconds, so that two of them compare as text; undefined where
 * it is not a time. A time without a zone is read as UTC, never in this machine's zone.
 */
export function isoTime(value: unknown): string | undefined {
  const [, day, clock, zone] =
    (typeof value === 'string' && /^(\d{4}-\d\d-\d\d)[T ]([\d:.]+)(Z|[+-]\d\d:?\d\d)?$/i.exec(value)) || [];
  const date = new Date(`${day}T${clock}${zone ?? 'Z'}`);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
