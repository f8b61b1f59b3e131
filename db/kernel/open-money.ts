import type { SQL } from 'drizzle-orm';

/** One way in which money of a person may still move. `person` is their id. */
export interface OpenMoney<Wait extends string = string> {
  /** The word for it. */
  readonly wait: Wait;
  /** A query that has a row where it does. */
  readonly rows: (person: SQL) => SQL;
}
