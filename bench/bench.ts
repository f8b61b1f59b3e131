/** The dev server on a file of SQLite's, or the server of docker-compose.yml on PostgreSQL. */
export const ENGINES = ['sqlite', 'postgresql'] as const;
export type Engine = (typeof ENGINES)[number];

/** Options for every bench; each uses those that it knows. */
export interface BenchOptions {
  /** How many rounds of the compared runs there are, one after the other. */
  readonly rounds?: number;
  /** How many rows there are; several for a bench that draws a curve, while others take the first. */
  readonly rows?: readonly number[];
  /** How many of the rows, or how many more, the bench is about. */
  readonly part?: number;
  /** What Temporal keeps its histories in. Only benches of refunds ask. */
  readonly engine?: Engine;
  /** Tells how far it is. */
  readonly say: (line: string) => void;
}

/** A bench: its own set-up and teardown, and a result that is plain JSON. */
export type Bench = (options: BenchOptions) => Promise<object>;
