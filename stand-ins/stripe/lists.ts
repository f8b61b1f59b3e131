import { parameterError } from './errors.ts';
import { type Form, integer, Params, parseForm } from './form.ts';

export interface ListBody<T> {
  object: 'list';
  data: T[];
  has_more: boolean;
  url: string;
}

const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 10;

export function queryParams(query: URLSearchParams): Params {
  return new Params(parseForm(query.toString()));
}

/** One page, newest first. `all` is in order of creation. Reads the cursors from the query. */
export function page<T extends { id: string }>(
  all: readonly T[],
  params: Params,
  what: string,
  url: string,
): ListBody<T> {
  const limitText = params.text('limit');
  const limit = limitText === undefined ? DEFAULT_LIMIT : integer(limitText, 'limit');
  if (limit < 1 || limit > MAX_LIMIT) {
    throw parameterError(
      `This value must be less than or equal to ${MAX_LIMIT} (it currently is '${limit}').`,
      {
        param: 'limit',
      },
    );
  }
  const after = params.text('starting_after');
  const before = params.text('ending_before');
  params.done();
  const newestFirst = all.toReversed();
  const indexOf = (id: string, param: string): number => {
    const index = newestFirst.findIndex((item) => item.id === id);
    if (index === -1) throw parameterError(`No such ${what}: '${id}'`, { code: 'resource_missing', param });
    return index;
  };
  if (before !== undefined) {
    const end = indexOf(before, 'ending_before');
    const start = Math.max(0, end - limit);
    return { object: 'list', data: newestFirst.slice(start, end), has_more: start > 0, url };
  }
  const start = after === undefined ? 0 : indexOf(after, 'starting_after') + 1;
  const data = newestFirst.slice(start, start + limit);
  return { object: 'list', data, has_more: start + limit < newestFirst.length, url };
}

/** `created=1` or `created[gte]=1&created[lt]=2`. */
export function createdFilter(value: string | Form | undefined): (created: number) => boolean {
  if (value === undefined) return () => true;
  if (typeof value === 'string') {
    const exact = integer(value, 'created');
    return (created) => created === exact;
  }
  const bound = (name: string): number | undefined => {
    const text = value[name];
    return typeof text === 'string' ? integer(text, `created[${name}]`) : undefined;
  };
  const [gt, gte, lt, lte] = [bound('gt'), bound('gte'), bound('lt'), bound('lte')];
  return (created) =>
    (gt === undefined || created > gt) &&
    (gte === undefined || created >= gte) &&
    (lt === undefined || created < lt) &&
    (lte === undefined || created <= lte);
}
