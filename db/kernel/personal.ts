import { type SQL, sql } from 'drizzle-orm';

/**
 * What becomes of a column when a person is erased (docs/privacy.md):
 * - `none`: it stays, and says nothing of anybody: amounts, statuses, settings
 * - `pseudonym`: it stays, and names somebody by an id alone
 * - `delete`: its row goes
 * - `erase`: it becomes NULL, or a value that says so
 * - `mask`: it stays without what is personal in it
 * - `forget`: it becomes NULL, in the append-only audit log too
 * - `law`: it stays, for a reason and a time that are written here
 */
export const COLUMN_CLASSES = ['none', 'pseudonym', 'delete', 'erase', 'mask', 'forget', 'law'] as const;
export type ColumnClass = (typeof COLUMN_CLASSES)[number];

/** Why something personal stays, and how long. */
export interface Law {
  /** As docs/privacy.md calls it. */
  readonly name: string;
  readonly ground: string;
  readonly term: string;
}

/** What is known of a person beside their id: each selects one column of text, over all subjects. */
export interface KnownOf {
  /** What flags, approvals and lists of exceptions call the rows of this person: `order/…`, `account/…`. */
  readonly names: SQL;
  /** What providers call them: ids of payments, refunds, payouts, accounts. */
  readonly atProviders: SQL;
}

/**
 * A condition on a table's rows that holds for those of a person. `person` is a uuid, a parameter or a column of
 * another table; the condition is read by an index of the table.
 */
export type Way = (person: SQL, known: KnownOf) => SQL;

/** One table: whose its rows are, and the class of each column. All names are the database's. */
export interface PersonalTable {
  readonly table: string;
  /** Its primary key; by it batches go on. */
  readonly key: readonly string[];
  /** A row is a person's if one of these holds. None: nothing of it changes at an erasure. */
  readonly of: readonly Way[];
  /** Emptied by the last transaction of an erasure, with the account, and not before. */
  readonly last?: true;
  /** When a row was written: what is written after an erasure, of money that moves late, is not what it left. */
  readonly since?: string;
  /** A reference to a row of the same table, which is cut before rows are deleted. */
  readonly cut?: string;
  readonly none?: readonly string[];
  readonly pseudonym?: readonly string[];
  readonly delete?: readonly string[];
  /** Each with what it becomes where it is not NULL. */
  readonly erase?: Readonly<Record<string, SQL>>;
  /** JSON, in columns of text or jsonb. */
  readonly mask?: readonly string[];
  /** The column that says when a row was masked: one that was is not read again. */
  readonly maskedAt?: string;
  readonly forget?: readonly string[];
  readonly law?: Readonly<Record<string, Law>>;
  /** Of columns that the law keeps: in which rows alone, and what they become in all others. */
  readonly keptIf?: Readonly<Record<string, { readonly holds: SQL; readonly otherwise: SQL }>>;
}

/** What a subject brings to the register, db/schema/personal.ts. */
export interface PersonalPart {
  /** A table stands before those that its rows refer to. */
  readonly tables: readonly PersonalTable[];
  /** Selects what its rows of a person are called, as `KnownOf` says; with the union of all, other tables find theirs. */
  readonly names?: (person: SQL) => SQL;
  readonly atProviders?: (person: SQL) => SQL;
  /** The other way round: selects the persons whom something is about that providers call so. */
  readonly personsAt?: (about: SQL) => SQL;
}

/** Text as an id of ours; NULL where it is none. */
export const asId = (text: SQL): SQL =>
  sql`CASE WHEN ${text} ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN ${text}::uuid END`;

/** Rows whose column is the person's id. */
export const own =
  (column: string): Way =>
  (person) =>
    sql`${sql.identifier(column)} = ${person}`;

/** Rows whose column is one of those ids that another table has for the person. */
export const ofThose =
  (column: string, ids: (person: SQL) => SQL): Way =>
  (person) =>
    sql`${sql.identifier(column)} IN (${ids(person)})`;

/** Rows that are about something of the person's, by the name that flags and approvals give it. */
export const named =
  (column: string): Way =>
  (_person, { names }) =>
    sql`${sql.identifier(column)} IN (${names})`;

export const TO_NULL = sql`NULL`;
/** For texts that cannot be NULL. */
export const TO_ERASED = sql`'erased'`;

/** The books: what was sold, for how much, and who was paid. */
export const BOOKS: Law = {
  name: 'books',
  ground: 'tax and commercial law: GDPR 17 (3) b',
  term: '10 years from the end of the year',
};
/** Who did what as an operator or to an account. */
export const ACCOUNTABILITY: Law = {
  name: 'audit',
  ground: 'proof of what was done and why: GDPR 5 (2), 17 (3) e',
  term: '10 years, as the books that it explains',
};
/** Against who begins anew to get a trial again; a keyed hash, and no address. */
export const ABUSE: Law = {
  name: 'abuse',
  ground: 'prevention of a second trial by the same person: GDPR 6 (1) f',
  term: 'as long as trials are offered',
};
/** The requests of people, and what became of them. */
export const PROOF_OF_REQUEST: Law = {
  name: 'request',
  ground: 'proof that a request was answered: GDPR 5 (2), 12 (3)',
  term: '3 years after the answer',
};
