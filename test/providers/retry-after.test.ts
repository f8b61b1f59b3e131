import { expect, test } from 'vitest';
import { parseRetryAfterMs } from '../../providers/retry-after.ts';

const NOW_MS = Date.parse('2026-08-21T10:00:00Z');

test.each([
  ['seconds', '7', 7_000],
  ['zero', '0', 0],
  ['an HTTP date', 'Fri, 21 Aug 2026 10:01:00 GMT', 60_000],
  ['a date gone by', 'Fri, 21 Aug 2026 09:00:00 GMT', 0],
  ['longer than a day', '999999999', 86_400_000],
  ['nonsense', 'soon', undefined],
  ['empty', '', undefined],
  ['absent', null, undefined],
])('%s', (_name, header, delayMs) => {
  expect(parseRetryAfterMs(header, NOW_MS)).toBe(delayMs);
});
