/** What there is to know of an error's code. */
export interface ErrorEntry {
  /** HTTP status. */
  readonly status: number;
  readonly title: string;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retry: boolean;
}

/** The codes of a subject. */
export type ErrorEntries = Readonly<Record<string, ErrorEntry>>;
