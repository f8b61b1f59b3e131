import { setImmediate as nextTurn } from 'node:timers/promises';

/** Knows everything that is under way, so that a test can await quiet and close() leaves no timer behind. */
export class Tasks {
  readonly #timers = new Set<NodeJS.Timeout>();
  #busy = 0;
  #waiters: (() => void)[] = [];
  #closed = false;

  get closed(): boolean {
    return this.#closed;
  }

  /** Marks work as under way; the returned function, called once or more, ends it. */
  begin(): () => void {
    this.#busy += 1;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#busy -= 1;
      if (this.#busy === 0) for (const wake of this.#waiters.splice(0)) wake();
    };
  }

  /** `counted: false` is for waits that a test must not sit through: retries, late webhooks. */
  later(delayMs: number, work: () => void, o: { counted: boolean } = { counted: true }): void {
    if (this.#closed) return;
    const end = o.counted ? this.begin() : () => undefined;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      try {
        work();
      } finally {
        end();
      }
    }, delayMs);
    this.#timers.add(timer);
  }

  /** Waits without holding up close(): a closed server's latencies end at once. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#closed) return resolve();
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#sleepers.delete(resolve);
        resolve();
      }, delayMs);
      this.#timers.add(timer);
      this.#sleepers.add(resolve);
    });
  }
  readonly #sleepers = new Set<() => void>();

  /** Resolves when nothing is under way, seen twice: work often begins more work in the next turn. */
  async idle(): Promise<void> {
    for (let quietTurns = 0; quietTurns < 3; quietTurns += 1) {
      if (this.#busy > 0) {
        quietTurns = -1;
        await new Promise<void>((resolve) => this.#waiters.push(resolve));
      }
      await nextTurn();
    }
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const wake of this.#sleepers) wake();
    this.#sleepers.clear();
    this.#busy = 0;
    for (const wake of this.#waiters.splice(0)) wake();
  }
}
