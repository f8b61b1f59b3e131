import { Watch } from './watch.ts';

export type Outcome = 'open' | 'answered' | 'dropped' | 'never_answered';

/** One request as received: tests count calls with it. */
export interface RequestEntry {
  seq: number;
  at: string;
  operation: string;
  method: string;
  path: string;
  params: Record<string, string>;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: unknown;
  /** The status of the answer, even of a lost one; null when the call did not act. */
  status: number | null;
  outcome: Outcome;
  /** Faults that fired, in order. */
  faults: string[];
  /** Answered from a stored idempotency key. */
  replayed: boolean;
  durationMs: number | null;
  /** A defect of the sandbox itself. */
  defect: string | null;
}

const KEPT = 20_000;
const SECRET_HEADERS = new Set(['api-key', 'authorization', 'cookie']);

export class RequestLog {
  #entries: RequestEntry[] = [];
  #seq = 0;
  readonly #watch = new Watch<RequestEntry>();

  open(
    request: Pick<RequestEntry, 'operation' | 'method' | 'path' | 'params' | 'query' | 'headers' | 'body'>,
  ): RequestEntry {
    const entry: RequestEntry = {
      seq: (this.#seq += 1),
      at: new Date().toISOString(),
      ...request,
      headers: redacted(request.headers),
      status: null,
      outcome: 'open',
      faults: [],
      replayed: false,
      durationMs: null,
      defect: null,
    };
    this.#entries.push(entry);
    if (this.#entries.length > KEPT * 1.1) this.#entries = this.#entries.slice(-KEPT);
    this.#watch.notify(entry);
    return entry;
  }

  close(entry: RequestEntry, outcome: Outcome, status: number | null): void {
    if (entry.outcome !== 'open') return;
    entry.outcome = outcome;
    entry.status = status;
    entry.durationMs = Date.now() - Date.parse(entry.at);
    this.#watch.notify(entry);
  }

  list(operation?: string): readonly RequestEntry[] {
    return operation === undefined ? this.#entries : this.#entries.filter((e) => e.operation === operation);
  }

  clear(): void {
    this.#entries = [];
  }

  /** Sees a request twice: as it arrives (`outcome` open) and as it ends. */
  wait(fits: (entry: RequestEntry) => boolean, timeoutMs: number): Promise<RequestEntry> {
    const seen = (): string =>
      this.#entries
        .slice(-20)
        .map((e) => `${e.operation} ${e.outcome} ${e.status ?? ''}`)
        .join(', ');
    return this.#watch.wait(this.#entries, fits, { timeoutMs, what: 'request', seen });
  }
}

function redacted(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      SECRET_HEADERS.has(name) ? `[redacted …${value.slice(-4)}]` : value,
    ]),
  );
}
