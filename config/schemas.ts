import { z } from 'zod';
import { durationMs } from '../domain/kernel/index.ts';

// Kinds of values that several variables have.

export const duration = (preset: string) =>
  z
    .string()
    .default(preset)
    .transform((value, context) => {
      const parsedMs = durationMs(value);
      if (parsedMs !== undefined) return parsedMs;
      context.addIssue({ code: 'custom', message: 'a duration such as 250ms, 30m or 1h' });
      return z.NEVER;
    });

export const flag = (preset: 'true' | 'false') =>
  z
    .enum(['true', 'false'], 'true or false')
    .default(preset)
    .transform((value) => value === 'true');

export const wholeNumber = (min: number, max: number) =>
  z.string().transform((value, context) => {
    const parsed = Number(value);
    if (value.trim() !== '' && Number.isSafeInteger(parsed) && parsed >= min && parsed <= max) return parsed;
    context.addIssue({ code: 'custom', message: `a whole number from ${min} to ${max}` });
    return z.NEVER;
  });

export const integer = (preset: number, min: number, max: number) =>
  z.string().default(String(preset)).pipe(wholeNumber(min, max));

export const url = (protocols: RegExp, example: string) =>
  z.string(`an address such as ${example}`).refine((value) => URL.canParse(value) && protocols.test(value), {
    error: `an address such as ${example}`,
  });

export const secret = (what: string) => z.string(what).min(1, what);
export const secretList = (what: string) =>
  z
    .string(what)
    .transform((value) =>
      value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .refine((parts) => parts.length > 0, { error: what });

/** A comma-separated list that may be empty; each part is held against a rule. */
export const list = (isGood: (part: string) => boolean, error: string) =>
  z
    .string()
    .default('')
    .transform((value) =>
      value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .refine((parts) => parts.every(isGood), { error });
