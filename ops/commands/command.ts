export interface Option {
  readonly name: string;
  /** The value that follows it; absent: none. */
  readonly value?: string;
  /** The possible values, as far as they can be listed. */
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
