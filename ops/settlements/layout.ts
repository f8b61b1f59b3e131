import type { Claimable, RowKind, SettlementProvider } from '../../domain/settlements/index.ts';

/** What a row's type alone does not say. */
export interface RowAbout {
  readonly ref: string;
  readonly isNegative: boolean;
}

/** How to read a file: which column holds what. Columns are found by name, in any order and any case. */
export interface Layout {
  readonly name: string;
  readonly provider: SettlementProvider;
  /** The kinds of our rows of which such a file names all, in the time that it covers. */
  readonly covers: readonly Claimable[];
  readonly delimiter: string;
  readonly columns: {
    /** Null: all rows are of one kind. */
    readonly type: string | null;
    /** The status of the money; without this column, it moved. */
    readonly status?: string;
    /** The provider's id of what moved. */
    readonly ref: string;
    readonly amount: string;
    /** Null: all rows are in `currency`. */
    readonly currency: string | null;
    /** In UTC, unless the value itself names a zone. */
    readonly at: string;
    /** Further columns that tell such a file from others. */
    readonly also?: readonly string[];
    /** May be missing; the first filled column counts. */
    readonly altRef?: readonly string[];
    /** May be missing; the columns where the provider gives our id back, by kind; the first filled one counts. */
    readonly ourRef?: Readonly<Partial<Record<RowKind, readonly string[]>>>;
    /** May be missing: amount and currency as the buyer saw them, where they were converted. */
    readonly presented?: { readonly amount: string; readonly currency: string };
  };
  readonly currency?: string;
  /** `major`: decimals such as 12.50; `minor`: integers such as 1250. */
  readonly amounts: 'major' | 'minor';
  readonly decimal: '.' | ',';
  /** `signed`: money that leaves is negative. `absolute`: the kind alone says in which direction it moved. */
  readonly signs: 'signed' | 'absolute';
  /** Null: the row does not concern our books; it is counted as ignored. */
  readonly kindOf: (type: string, status: string, row: RowAbout) => RowKind | null;
}

/** Without these a file is not of the layout. */
export function requiredColumns({ columns }: Layout): string[] {
  const { type, status, ref, amount, currency, at, also = [] } = columns;
  return [type, status, ref, amount, currency, at, ...also].filter(
    (name) => name !== null && name !== undefined,
  );
}

export const sameColumn = (one: string, other: string) =>
  one.trim().toLowerCase() === other.trim().toLowerCase();

export const missingColumns = (layout: Layout, header: readonly string[]): string[] =>
  requiredColumns(layout).filter((name) => !header.some((found) => sameColumn(found, name)));
