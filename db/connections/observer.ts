/** Sees what goes to PostgreSQL: which statements and for how long, never a value in them. */
export interface StatementObserver {
  /** A statement is sent, its values as `$1`; the answer is told how it ended. */
  statement(text: string): (error?: unknown) => void;
  /** A transaction waits for a connection of its own. */
  transaction(): { begun(): void; ended(): void };
}
