import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { ErrorEntries } from '../../domain/error-entry.ts';
import { type ErrorCode, ERRORS, isErrorCode, VezaError } from '../../domain/errors.ts';

/** A frontend that is older than this API branches on it. */
const SPELLED_BY_ITS_FRONTEND: ErrorCode = 'EMAIL_NOT_VERIFIED';

const entries = Object.entries(ERRORS) as [ErrorCode, (typeof ERRORS)[ErrorCode]][];

describe('the table of errors', () => {
  test.each(entries)('%s is a stable name with a status, a title and a word on retries', (code, entry) => {
    if (code !== SPELLED_BY_ITS_FRONTEND) expect(code).toMatch(/^[a-z][a-z_]+[a-z]$/);
    expect(entry.status).toBeGreaterThanOrEqual(400);
    expect(entry.status).toBeLessThan(600);
    expect(entry.title).toMatch(/^[A-Z].*[^.]$/);
    // What may succeed later without anybody changing anything is our side's trouble, and only that.
    expect(entry.retry).toBe(entry.status >= 500);
  });

  // From the spec's table; clients branch on these pairs.
  test.each([
    ['order_not_found', 404],
    ['refund_forbidden', 403],
    ['refund_already_requested', 400],
    ['order_not_refundable', 400],
    ['order_has_no_payment', 400],
    ['order_disputed', 400],
    ['refund_window_expired', 400],
    ['refund_amount_invalid', 400],
    ['unauthenticated', 401],
    ['engine_unavailable', 503],
  ] as const)('%s is %i', (code, status) => {
    expect(ERRORS[code].status).toBe(status);
  });

  test('is what the subjects bring, each code from one of them alone', async () => {
    const domain = new URL('../../domain/', import.meta.url);
    const files = (await readdir(domain, { recursive: true })).filter((file) =>
      /^\w+\/errors\.ts$/.test(file),
    );
    const brought = await Promise.all(
      files.map(async (file) => {
        const exported = (await import(new URL(file, domain).href)) as Record<string, ErrorEntries>;
        return Object.values(exported).flatMap((codes) => Object.keys(codes));
      }),
    );
    expect(brought.flat().toSorted()).toEqual(entries.map(([code]) => code).toSorted());
  });

  test('knows its codes, and nothing that objects have by nature', () => {
    for (const [code] of entries) expect(isErrorCode(code)).toBe(true);
    for (const odd of ['', 'toString', '__proto__', 'constructor', 'ORDER_NOT_FOUND'])
      expect(isErrorCode(odd)).toBe(false);
  });
});

test('a refusal keeps its code, its sentence and what is to be read by name', () => {
  const refusal = { code: 'refund_amount_invalid', detail: 'At most 5.', extra: { left_amount: 5 } } as const;
  const error = VezaError.from(refusal);
  expect(error).toMatchObject({
    ...refusal,
    name: 'VezaError',
    message: 'refund_amount_invalid: At most 5.',
  });
  expect(new VezaError('not_found', 'Nothing.').extra).toBeUndefined();
});
