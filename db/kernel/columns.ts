import { sql } from 'drizzle-orm';
import { bigint, check, timestamp, uuid, type AnyPgColumn } from 'drizzle-orm/pg-core';
import { MAX_AMOUNT_MINOR } from '../../domain/kernel/money.ts';

export const id = () => uuid().primaryKey();
export const at = () => timestamp({ withTimezone: true, mode: 'date' });
export const createdAt = () => at().notNull().defaultNow();
/** An amount in minor units: `bigint` in PostgreSQL, a safe integer here (see `amountCheck`). */
export const amount = () => bigint({ mode: 'number' });

/** Keeps an amount in the range where JavaScript numbers are exact, and not below `min`. */
export const amountCheck = (name: string, column: AnyPgColumn, min = 0) =>
  check(name, sql`${column} BETWEEN ${sql.raw(String(min))} AND ${sql.raw(String(MAX_AMOUNT_MINOR))}`);

export const oneOf = (name: string, column: AnyPgColumn, values: readonly string[]) =>
  check(name, sql`${column} IN (${sql.raw(values.map((value) => `'${value}'`).join(', '))})`);

export const currencyCheck = (name: string, column: AnyPgColumn) =>
  check(name, sql`${column} ~ '^[A-Z]{3}$'`);
