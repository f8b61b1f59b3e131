/** Counts within a sliding second, as a provider's limiter of each endpoint does. */
export class RateLimiter {
  readonly #recent = new Map<string, number[]>();

  admits(endpoint: string, perSecond: number | null): boolean {
    if (perSecond === null) return true;
    const nowMs = Date.now();
    const recent = (this.#recent.get(endpoint) ?? []).filter((atMs) => atMs > nowMs - 1_000);
    this.#recent.set(endpoint, recent);
    if (recent.length >= perSecond) return false;
    recent.push(nowMs);
    return true;
  }
}
