import type postgres from 'postgres';

/** Sees what goes to PostgreSQL: which statements and for how long, never a value in them. */
export interface StatementObserver {
  /** A statement is sent, its values as `$1`; the answer is told how it ended. */
  statement(text: string): (error?: unknown) => void;
  /** A transaction waits for a connection of its own. */
  transaction(): { begun(): void; ended(): void };
}

type Begin = (...args: unknown[]) => Promise<unknown>;
type InTransaction = (tx: postgres.TransactionSql) => unknown;

/**
 * The same client, watched where drizzle calls it: `unsafe`, `begin` and `savepoint`. postgres.js has no instrumentation
 * of its own, and its `debug` hook tells of no end.
 */
export function observedSql<Client extends postgres.ISql>(sql: Client, observer: StatementObserver): Client {
  const inner = (run: InTransaction) => (tx: postgres.TransactionSql) => run(observedSql(tx, observer));

  const unsafe: typeof sql.unsafe = (text, ...rest) => {
    const query = sql.unsafe(text, ...rest);
    const ended = observer.statement(text);
    // Not `query.then`, which would send it: it is sent once whoever asked awaits it.
    void Promise.prototype.then.call(query, () => ended(), ended);
    return query as never;
  };

  const begin: Begin = async (...args) => {
    const transaction = observer.transaction();
    const run = args.pop() as InTransaction;
    try {
      return await (sql as unknown as { begin: Begin }).begin(
        ...args,
        inner((tx) => {
          transaction.begun();
          return run(tx);
        }),
      );
    } finally {
      transaction.ended();
    }
  };

  const savepoint: Begin = (...args) => {
    const run = args.pop() as InTransaction;
    return (sql as unknown as { savepoint: Begin }).savepoint(...args, inner(run));
  };

  const watched: Record<string | symbol, unknown> = { unsafe, begin, savepoint };
  return new Proxy(sql, {
    get: (target, name) =>
      (Object.hasOwn(watched, name) ? watched[name] : Reflect.get(target, name)) as unknown,
  });
}
