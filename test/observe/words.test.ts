import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { formatTraceparent, parseTraceparent, runSpanId } from '../../domain/kernel/origin.ts';
import { classOf } from '../../observe/provider-calls.ts';
import { nameOfError } from '../../observe/spans.ts';
import { nameStatement } from '../../observe/statements.ts';

// The words that metrics and traces are labelled with: few, and none of them anybody's data.

test.each([
  ['select "id" from "refunds" where "refunds"."id" = $1', 'select', 'refunds'],
  ['insert into "webhook_events" ("id") values ($1)', 'insert', 'webhook_events'],
  ['update "orders" set "status" = $1', 'update', 'orders'],
  ['delete from rate_limits', 'delete', 'rate_limits'],
  ["SELECT 'ada@veza.test' AS email", 'select', undefined],
  ['with one as (select 1) select * from seller_payouts', 'select', 'seller_payouts'],
  [
    '\n WITH kept AS (INSERT INTO webhook_events (id) VALUES ($1)) SELECT * FROM kept',
    'insert',
    'webhook_events',
  ],
  ['with "odd name" as (select 1) select 1', 'other', undefined],
  ['SET statement_timeout = 0', 'other', undefined],
])('%s is told as %s %s', (text, operation, table) => {
  expect(nameStatement(text)).toEqual({ operation, table });
});

test.each([
  [{ kind: 'created' }, 'created'],
  [{ kind: 'rate_limited', retryAfterMs: 5 }, 'rate_limited'],
  [{ kind: 'unauthorized', message: 'Invalid API Key' }, 'unauthorized'],
  [{ kind: 'unknown', reason: 'no answer within 10000 ms' }, 'no_answer'],
  [{ kind: 'unknown', reason: 'HTTP 429', httpStatus: 429 }, 'rate_limited'],
  [{ kind: 'unknown', reason: 'HTTP 503', httpStatus: 503 }, 'server_error'],
  [{ kind: 'unknown', reason: 'HTTP 200 with an unexpected body', httpStatus: 200 }, 'unclear'],
])('an outcome %j is of class %s', (outcome, word) => {
  expect(classOf(outcome)).toBe(word);
});

test.each([
  [Object.assign(new Error('duplicate key (ada@veza.test)'), { code: '23505' }), '23505'],
  [Object.assign(new Error('x'), { type: 'psp_unknown_outcome' }), 'psp_unknown_outcome'],
  [new TypeError('cannot read ada@veza.test'), 'TypeError'],
  [Object.assign(new Error('x'), { code: 'a sentence of somebody' }), 'Error'],
  ['thrown text', 'error'],
])('an error is told by its code or its class, never by its message: %s', (error, word) => {
  expect(nameOfError(error)).toBe(word);
});

describe('W3C trace context', () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const spanId = '00f067aa0ba902b7';

  test('is read and written', () => {
    const text = `00-${traceId}-${spanId}-01`;
    expect(parseTraceparent(text)).toEqual({ traceId, spanId, isSampled: true });
    expect(formatTraceparent(parseTraceparent(text)!)).toBe(text);
    expect(parseTraceparent(`00-${traceId}-${spanId}-00`)?.isSampled).toBe(false);
    // A later version may have more to say behind it.
    expect(parseTraceparent(`01-${traceId}-${spanId}-01-more`)).toMatchObject({ traceId });
  });

  test.each([
    undefined,
    '',
    'nonsense',
    `ff-${traceId}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
  ])('%s is none: the trace begins here', (text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });

  test("a run's span is the random half of its id", () => {
    expect(runSpanId('0197c1a2-5c7e-7d3a-9b1c-2f6e8a4d0c11')).toBe('9b1c2f6e8a4d0c11');
  });
});

test('a process that traces nothing does not load OpenTelemetry', async () => {
  const script = `
    import { createRequire } from 'node:module';
    await import('./server.ts');
    await import('./worker.ts');
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    const of = (name) => loaded.filter((path) => path.includes('/node_modules/' + name)).length;
    console.log(JSON.stringify({ sdk: of('@opentelemetry/sdk-'), exporter: of('@opentelemetry/exporter-'), metrics: of('prom-client') }));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', script],
    { cwd: fileURLToPath(new URL('../..', import.meta.url)) },
  );
  const loaded = JSON.parse(stdout) as Record<string, number>;
  expect(loaded).toMatchObject({ sdk: 0, exporter: 0 });
  expect(loaded['metrics']).toBeGreaterThan(0);
});
