import type { SQL } from 'drizzle-orm';
import { sql } from 'drizzle-orm';
import { ACCOUNTS_PERSONAL } from '../accounts/personal.ts';
import { APPROVALS_PERSONAL } from '../approvals/personal.ts';
import { CATALOG_PERSONAL } from '../catalog/personal.ts';
import { KERNEL_PERSONAL } from '../kernel/personal-tables.ts';
import {
  type ColumnClass,
  type KnownOf,
  type Law,
  type PersonalPart,
  type PersonalTable,
  TO_NULL,
} from '../kernel/personal.ts';
import { LEDGER_PERSONAL } from '../ledger/personal.ts';
import { MARKETPLACE_PERSONAL } from '../marketplace/personal.ts';
import { PAYOUTS_PERSONAL } from '../payouts/personal.ts';
import { PRIVACY_PERSONAL } from '../privacy/personal.ts';
import { SELLERS_PERSONAL } from '../sellers/personal.ts';
import { SETTLEMENTS_PERSONAL } from '../settlements/personal.ts';
import { SUBSCRIPTIONS_PERSONAL } from '../subscriptions/personal.ts';
import { WEBHOOKS_PERSONAL } from '../webhooks/personal.ts';

/** A table stands before those that its rows refer to, so higher subjects come first. */
const PARTS: readonly PersonalPart[] = [
  PRIVACY_PERSONAL,
  SETTLEMENTS_PERSONAL,
  SUBSCRIPTIONS_PERSONAL,
  PAYOUTS_PERSONAL,
  MARKETPLACE_PERSONAL,
  SELLERS_PERSONAL,
  CATALOG_PERSONAL,
  WEBHOOKS_PERSONAL,
  LEDGER_PERSONAL,
  APPROVALS_PERSONAL,
  ACCOUNTS_PERSONAL,
  KERNEL_PERSONAL,
];

/** Every table of the database, with the class of each of its columns. */
export const PERSONAL_TABLES: readonly PersonalTable[] = PARTS.flatMap(({ tables }) => tables);

const unionOf = (selects: readonly SQL[]): SQL => sql.join([...selects], sql` UNION ALL `);

/** What is known of a person beside their id. `person` is a uuid: a parameter, or a column of another table. */
export const knownOf = (person: SQL): KnownOf => ({
  names: unionOf(PARTS.flatMap(({ names }) => (names ? [names(person)] : []))),
  atProviders: unionOf(PARTS.flatMap(({ atProviders }) => (atProviders ? [atProviders(person)] : []))),
});

/** Selects the persons whom something is about that providers call so. `about` is text: a parameter or a column. */
export const personsAt = (about: SQL): SQL =>
  unionOf(PARTS.flatMap((part) => (part.personsAt ? [part.personsAt(about)] : [])));

/** Conditions on a table's rows, of which one holds for each row of the person. Each is read by an index of its own. */
export function waysTo({ of }: PersonalTable, person: SQL): readonly SQL[] {
  const known = knownOf(person);
  return of.map((way) => way(person, known));
}

export interface ClassedColumn {
  readonly table: string;
  readonly column: string;
  readonly class: ColumnClass;
  /** Of class `law`. */
  readonly law: Law | null;
}

/** The columns of a table, in the order of their classes. One that has two classes is there twice. */
export const columnsOf = (of: PersonalTable): readonly ClassedColumn[] => {
  const { table } = of;
  const plain = (['none', 'pseudonym', 'delete', 'mask', 'forget'] as const).flatMap((one) =>
    (of[one] ?? []).map((column) => ({ table, column, class: one, law: null })),
  );
  const erased = Object.keys(of.erase ?? {}).map(
    (column) => ({ table, column, class: 'erase', law: null }) as const,
  );
  const kept = Object.entries(of.law ?? {}).map(
    ([column, law]) => ({ table, column, class: 'law', law }) as const,
  );
  return [...plain, ...erased, ...kept];
};

/** What the columns of a row become that is erased or forgotten, and does not go. */
export const valuesOf = (of: PersonalTable): readonly { readonly column: string; readonly value: SQL }[] => [
  ...Object.entries(of.erase ?? {}).map(([column, value]) => ({
    column,
    value: value === TO_NULL ? value : sql`CASE WHEN ${sql.identifier(column)} IS NOT NULL THEN ${value} END`,
  })),
  ...Object.entries(of.keptIf ?? {}).map(([column, { holds, otherwise }]) => ({
    column,
    value: sql`CASE WHEN ${holds} THEN ${sql.identifier(column)} ELSE ${otherwise} END`,
  })),
  ...(of.forget ?? []).map((column) => ({ column, value: TO_NULL })),
];

/** Whether a row still has something to mask, as far as its table says so. */
const unmaskedOf = ({ mask = [], maskedAt }: PersonalTable): readonly SQL[] =>
  maskedAt === undefined
    ? []
    : mask.map(
        (column) => sql`${sql.identifier(column)} IS NOT NULL AND ${sql.identifier(maskedAt)} IS NULL`,
      );

/** Whether a row still has something that is to be erased, forgotten or masked; null where its table has no such column. */
export function leftOf(of: PersonalTable): SQL | null {
  const each = valuesOf(of).map(({ column, value }) =>
    value === TO_NULL
      ? sql`${sql.identifier(column)} IS NOT NULL`
      : sql`${sql.identifier(column)} IS DISTINCT FROM ${value}`,
  );
  const left = [...each, ...unmaskedOf(of)];
  return left.length === 0 ? null : sql`(${sql.join(left, sql` OR `)})`;
}
