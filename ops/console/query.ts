import type { PageAsk } from '../../db/kernel/index.ts';

export const PAGE_ROWS = 50;

/** What a filter was set to; undefined where it was not, or to something that it does not know. */
export const choice = <Value extends string>(
  values: readonly Value[],
  given: string | undefined,
): Value | undefined => values.find((value) => value === given);

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const uuidOf = (given: string | undefined): string | null => {
  const id = given?.trim().toLowerCase() ?? '';
  return UUID.test(id) ? id : null;
};

/** Something that somebody typed; undefined where that is nothing. */
export const typed = (given: string | undefined): string | undefined => given?.trim() || undefined;

export const pageAsk = (after: string | undefined): PageAsk => ({
  limit: PAGE_ROWS,
  afterId: uuidOf(after),
  newestFirst: true,
});

/** An address with its query; what is undefined stays out. */
export function address(
  path: string,
  params: Readonly<Record<string, string | number | null | undefined>>,
): string {
  const set = Object.entries(params).flatMap(([name, value]) =>
    value === undefined || value === null || value === '' ? [] : [[name, String(value)] as [string, string]],
  );
  return set.length === 0 ? path : `${path}?${new URLSearchParams(set).toString()}`;
}
