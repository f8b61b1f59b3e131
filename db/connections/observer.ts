/** Sees the statements that go to PostgreSQL and their times, never their values. */
export interface StatementObserver {
  /**
   * Called when a statement is sent, with `$1` in the place of values; the returned function is called when it ends.
   */
  statement(text: string): (error?: unknown) => void;
  /** Called when a transaction begins to wait for a connection. */
  transaction(): { begun(): void; ended(): void };
}
