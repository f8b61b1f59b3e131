/** Lets a test await what it would otherwise poll for. */
export class Watch<T> {
  readonly #waiters = new Set<(item: T) => void>();

  notify(item: T): void {
    for (const waiter of this.#waiters) waiter(item);
  }

  /** Resolves with the first item, past or coming, that fits; rejects after `timeoutMs` saying what was seen instead. */
  wait(
    past: Iterable<T>,
    fits: (item: T) => boolean,
    o: { timeoutMs: number; what: string; seen: () => string },
  ): Promise<T> {
    for (const item of past) if (fits(item)) return Promise.resolve(item);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`no ${o.what} fitted within ${o.timeoutMs} ms; seen: ${o.seen() || 'none'}`));
      }, o.timeoutMs);
      const waiter = (item: T): void => {
        if (!fits(item)) return;
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        resolve(item);
      };
      this.#waiters.add(waiter);
    });
  }
}
