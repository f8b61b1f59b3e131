/** What every bench is asked for; it takes of it what it knows. */
export interface BenchOptions {
  /** How often what is compared is run, one after the other. */
  readonly rounds?: number;
  /** How many rows there are; several where a bench draws a curve, of which others take the first. */
  readonly rows?: readonly number[];
  /** How many of them, or beside them, are what the bench is about. */
  readonly part?: number;
  /** Tells how far it is. */
  readonly say: (line: string) => void;
}

/** A bench: its own set-up and teardown, and a result that is plain JSON. */
export type Bench = (options: BenchOptions) => Promise<object>;
