import { describe, expect, it } from 'vitest';
import { formatMoney, minorOf } from '../../domain/kernel/money.ts';

describe('a decimal in major units', () => {
  it.each<[string, string, number]>([
    ['12.50', 'EUR', 1_250],
    ['12.5', 'EUR', 1_250],
    ['-12.50', 'USD', -1_250],
    ['+0.01', 'USD', 1],
    ['0', 'USD', 0],
    ['-0.00', 'USD', 0],
    ['1200', 'JPY', 1_200],
    ['1200.00', 'JPY', 1_200],
    ['1.234', 'KWD', 1_234],
    ['-0.001', 'BHD', -1],
    ['1.1', 'KWD', 1_100],
    // What a float would make of these is another amount.
    ['0.29', 'USD', 29],
    ['1.005', 'KWD', 1_005],
    ['4.35', 'EUR', 435],
    ['90071992547409.91', 'USD', Number.MAX_SAFE_INTEGER],
  ])('%s %s is %d of minor units, to the cent', (decimal, currency, minor) => {
    expect(minorOf(decimal, currency)).toBe(minor);
    expect(Object.is(minorOf(decimal, currency), -0)).toBe(false);
  });

  it.each<[string, string]>([
    ['', 'EUR'],
    ['12,50', 'EUR'],
    ['1,250.00', 'EUR'],
    ['12.505', 'EUR'],
    ['0.5', 'JPY'],
    ['1e3', 'EUR'],
    ['(12.50)', 'EUR'],
    ['12.50 EUR', 'EUR'],
    ['.50', 'EUR'],
    ['12.', 'EUR'],
    ['--1', 'EUR'],
    ['90071992547409.92', 'USD'],
  ])('%j %s is none', (decimal, currency) => {
    expect(minorOf(decimal, currency)).toBeNull();
  });

  it('reads back what people are shown', () => {
    for (const currency of ['EUR', 'JPY', 'KWD']) {
      for (const minor of [0, 1, -1, 99, 1_000, -123_456_789]) {
        expect(minorOf(formatMoney(minor, currency).split(' ')[0]!, currency)).toBe(minor);
      }
    }
  });
});
