import { expect, test } from 'vitest';
import { trialMail } from '../../domain/subscriptions/index.ts';

test.each([
  ['ada@example.com', 'ada@example.com'],
  ['Ada@Example.COM', 'ada@example.com'],
  ['ada+trial@example.com', 'ada@example.com'],
  ['ada+one+two@example.com', 'ada@example.com'],
  [' ada@example.com ', 'ada@example.com'],
  ['+ada@example.com', '+ada@example.com'],
  ['a.da@example.com', 'a.da@example.com'],
  ['"a@b"+x@example.com', '"a@b"@example.com'],
  ['ada@exa+mple.com', 'ada@exa+mple.com'],
])('%s is the address %s', (written, known) => {
  expect(trialMail(written)).toBe(known);
});
