/** The ids that calls of this process are at work on, from their first look-up to their answer. */
export class UnderWay {
  readonly #calls = new Map<string, number>();

  /** Does the work as one more call on this id. */
  async during<T>(id: string, work: () => Promise<T>): Promise<T> {
    this.#calls.set(id, this.#countOf(id) + 1);
    try {
      return await work();
    } finally {
      const left = this.#countOf(id) - 1;
      if (left > 0) this.#calls.set(id, left);
      else this.#calls.delete(id);
    }
  }

  /** Whether a call besides the caller's own is at work on it. */
  hasOther(id: string): boolean {
    return this.#countOf(id) > 1;
  }

  #countOf(id: string): number {
    return this.#calls.get(id) ?? 0;
  }
}
