import { z } from '@hono/zod-openapi';
import type { Money } from '../../domain/kernel/money.ts';

// The fields that all shapes are made of. Amounts are integers in the currency's minor unit, times are ISO 8601 in
// UTC.

export const Id = z.uuid().toLowerCase().openapi({ example: '0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11' });
export const AmountMinor = z.int().openapi({ description: 'In the minor unit of `currency`', example: 2500 });
export const Currency = z.string().openapi({ description: 'ISO 4217', example: 'EUR' });
export const Time = z.iso.datetime().openapi({ example: '2026-11-22T10:11:12.123Z' });

/**
 * The years that rows and answers can hold: an offset may move the last day of year 9999 out of them, or the first of
 * year 1.
 */
const YEARS = { first: Date.parse('0001-01-01T00:00:00Z'), last: Date.parse('9999-12-31T23:59:59.999Z') };

/** Reads a text as a date of the years 1 to 9999. */
export const asDate = (text: string, context: z.core.$RefinementCtx<string>): Date => {
  const atMs = Date.parse(text);
  if (atMs >= YEARS.first && atMs <= YEARS.last) return new Date(atMs);
  context.addIssue({ code: 'custom', message: 'Outside the years 1 to 9999' });
  return z.NEVER;
};

/** A path parameter that is an id. */
export const idParam = (name: string) =>
  Id.openapi({ param: { name, in: 'path' }, example: '0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11' });

export const time = (date: Date) => date.toISOString();
export const timeOrNull = (date: Date | null) => date?.toISOString() ?? null;

/** The most items of an order, and so of requests that name them. */
export const ORDER_ITEMS_MAX = 100;

/** A named shape, or null: `.nullable()` would document a value that is both at once. */
export const orNull = <Schema extends z.ZodType>(schema: Schema) => z.union([schema, z.null()]);

/** Ids, each once. */
export const distinctIds = (max: number) =>
  z
    .array(Id)
    .max(max)
    .refine((ids) => new Set(ids).size === ids.length, 'Names one twice');

/** An operator's reason; kept in the audit log. */
export const reason = () => z.string().trim().min(1).max(500);

export const Note = z
  .string()
  .nullable()
  .openapi({ description: 'More about the result, if there is more to say' });

/** Of a row that may name no money. */
export const MONEY_OR_NONE = { amount: AmountMinor.nullable(), currency: Currency.nullable() };
export const showMoneyOrNone = (money: Money | null) => ({
  amount: money?.amountMinor ?? null,
  currency: money?.currency ?? null,
});
