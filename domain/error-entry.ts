/** What an error's code stands for. */
export interface ErrorEntry {
  /** HTTP status. */
  readonly status: number;
  readonly title: string;
  /** Whether the same call may succeed later although nobody has changed anything. */
  readonly retry: boolean;
}

/** The codes of a subject. */
export type ErrorEntries = Readonly<Record<string, ErrorEntry>>;
