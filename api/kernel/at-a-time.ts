/**
 * With one at a time, a call that hangs keeps out all others. With more than two, they wait behind each other at a worker
 * that is saturated.
 */
const LEAST = 2;
/**
 * TCP halves. One slow call may be chance, and a quarter is soon won back; a number that is far too high has fallen to a
 * third after four.
 */
const SHRINK = 0.75;
/** A call that took twice as long as the fastest has waited for as long as it worked. Less than that may be chance. */
const SLOW_TIMES = 2;
/** Often enough for a worker that was replaced; each time costs some rounds of few calls. */
const FASTEST_KEPT_MS = 60_000;

export interface AtATimeLimits {
  readonly atATimeMax: number;
  readonly atATimeAtFirst: number;
  /** A call that took no longer is never slow. */
  readonly soonMs: number;
}

export interface EndedCall {
  readonly beganAtMs: number;
  readonly endedAtMs: number;
  /** False where nobody answered. */
  readonly isAnswered: boolean;
  /** How many were under way when it began, and when it ended, this one included. */
  readonly inFlightAtFirst: number;
  readonly inFlight: number;
}

/**
 * Learns from calls how many at a time are answered soon. A call is slow if it took longer than `soonMs`, and longer
 * than twice the fastest of those that had few beside them: where such a call takes long, a queue is not what makes it
 * slow, and fewer at a time would help nobody. A slow call allows a quarter fewer, once for all that were under way with
 * it; each other one allows a little more, one more for a whole round. This is TCP's rule (additive increase,
 * multiplicative decrease), with TCP Vegas's look at the fastest answer, as
 * https://github.com/Netflix/concurrency-limits has them.
 */
export class AtATime {
  readonly #least: number;
  readonly #most: number;
  readonly #soonMs: number;
  #allowed: number;
  #shrunkAtMs = -Infinity;
  /** Of this minute and of the one before in which few were under way; null where there was none. */
  #fastestMs: number | null = null;
  #fastestBeforeMs: number | null = null;
  #minuteFromMs = -Infinity;

  constructor({ atATimeMax, atATimeAtFirst, soonMs }: AtATimeLimits) {
    this.#least = Math.min(LEAST, atATimeMax);
    this.#most = atATimeMax;
    this.#allowed = Math.min(atATimeAtFirst, atATimeMax);
    this.#soonMs = soonMs;
  }

  get allowed(): number {
    return Math.floor(this.#allowed);
  }

  learn({ beganAtMs, endedAtMs, isAnswered, inFlightAtFirst, inFlight }: EndedCall): void {
    const tookMs = endedAtMs - beganAtMs;
    this.#turnMinute(endedAtMs);
    // Among many, also the fastest may have waited, and a number found by it would only grow.
    if (isAnswered && Math.max(inFlightAtFirst, inFlight) <= this.#least)
      this.#fastestMs = Math.min(this.#fastestMs ?? tookMs, tookMs);
    if (!isAnswered || tookMs > this.#slowMs) {
      // Those that began before the number fell say nothing of the number now.
      if (beganAtMs < this.#shrunkAtMs) return;
      const fewer = Math.max(this.#least, SHRINK * Math.min(this.#allowed, inFlight));
      this.#allowed = Math.min(this.#allowed, fewer);
      this.#shrunkAtMs = endedAtMs;
    } else if (inFlight >= this.allowed) {
      this.#allowed = Math.min(this.#most, this.#allowed + 1 / this.#allowed);
    }
  }

  get #slowMs(): number {
    const known = [this.#fastestMs, this.#fastestBeforeMs].filter((tookMs) => tookMs !== null);
    return known.length === 0 ? this.#soonMs : Math.max(this.#soonMs, SLOW_TIMES * Math.min(...known));
  }

  #turnMinute(atMs: number): void {
    const pastMs = atMs - this.#minuteFromMs;
    if (pastMs <= FASTEST_KEPT_MS) return;
    this.#fastestBeforeMs = pastMs <= 2 * FASTEST_KEPT_MS ? this.#fastestMs : null;
    this.#fastestMs = null;
    this.#minuteFromMs = atMs;
  }
}
