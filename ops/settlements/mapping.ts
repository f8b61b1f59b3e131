import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { CLAIMABLE, ROW_KINDS, type RowKind, SETTLEMENT_PROVIDERS } from '../../domain/settlements/index.ts';
import { CannotRun } from '../usage.ts';
import type { Layout } from './layout.ts';

const column = z.string().min(1);
const kind = z.enum(ROW_KINDS);

/**
 * A mapping file: says what each column holds in a file of no known layout. docs/settlement-files.md has a worked example.
 */
const Mapping = z
  .strictObject({
    provider: z.enum(SETTLEMENT_PROVIDERS),
    delimiter: z.string().length(1).default(','),
    columns: z.strictObject({
      type: column.optional(),
      reference: column,
      amount: column,
      currency: column.optional(),
      time: column,
      our_reference: column.optional(),
      payment_reference: column.optional(),
    }),
    types: z.record(z.string(), kind).optional(),
    kind: kind.optional(),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/)
      .optional(),
    amounts: z.enum(['major', 'minor']),
    decimal: z.enum(['.', ',']).default('.'),
    signs: z.enum(['signed', 'absolute']),
    complete_for: z.array(z.enum(CLAIMABLE)).default([]),
  })
  .refine(({ columns, types, kind: only }) => (columns.type ? types && !only : only && !types), {
    error: 'either columns.type with types, or kind alone',
  })
  .refine(({ columns, currency }) => (columns.currency === undefined) !== (currency === undefined), {
    error: 'either columns.currency or currency',
  });

/** Reads a mapping file as a layout with the name that it gives. Throws CannotRun that names each wrong field. */
export async function readMapping(path: string): Promise<Layout> {
  const json = await readFile(path, 'utf8')
    .then(
      (text): unknown => JSON.parse(text),
      (error: unknown) => {
        throw new CannotRun(
          `the mapping file cannot be read: ${error instanceof Error ? error.message : 'why'}`,
        );
      },
    )
    .catch((error: unknown) => {
      if (error instanceof CannotRun) throw error;
      throw new CannotRun(`the mapping file ${path} is not JSON`);
    });
  const parsed = Mapping.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path: at, message }) => `  ${at.join('.') || 'the whole'}: ${message}`,
    );
    throw new CannotRun([`the mapping file ${path} cannot be used:`, ...problems].join('\n'));
  }
  const { data } = parsed;
  const types = new Map(Object.entries(data.types ?? {}));
  const ourReference =
    data.columns.our_reference ?? (data.provider === 'hyperswitch' ? data.columns.reference : null);
  const ourRef = ourReference
    ? Object.fromEntries(ROW_KINDS.map((one): [RowKind, string[]] => [one, [ourReference]]))
    : undefined;
  return {
    name: `mapping:${createHash('sha256').update(JSON.stringify(data)).digest('hex').slice(0, 12)}`,
    provider: data.provider,
    covers: data.complete_for,
    delimiter: data.delimiter,
    columns: {
      type: data.columns.type ?? null,
      ref: data.columns.reference,
      amount: data.columns.amount,
      currency: data.columns.currency ?? null,
      at: data.columns.time,
      ...(data.columns.payment_reference && { altRef: [data.columns.payment_reference] }),
      ...(ourRef && { ourRef }),
    },
    ...(data.currency && { currency: data.currency }),
    amounts: data.amounts,
    decimal: data.decimal,
    signs: data.signs,
    kindOf: (type) => data.kind ?? types.get(type) ?? null,
  };
}
