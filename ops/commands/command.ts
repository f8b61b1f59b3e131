export interface Option {
  readonly name: string;
  /** What follows it; absent: nothing does. */
  readonly value?: string;
  /** What that may be, as far as it can be listed. */
  readonly values?: readonly string[];
  readonly isNeeded?: true;
  readonly isRepeatable?: true;
}

export interface Command {
  readonly name: string;
  /** What comes before the options. */
  readonly operands?: string;
  readonly options: readonly Option[];
  readonly about: string;
  run(args: string[], env: NodeJS.ProcessEnv): Promise<string>;
}
