import { isUnavailable } from '../../db/unavailable.ts';
import { VezaError } from '../../domain/errors.ts';
import { AtATime, type EndedCall } from './at-a-time.ts';

export interface AdmissionLimits {
  /** The most calls at a time, whatever they take. */
  readonly atATimeMax: number;
  /** So many until something is known of how long they take. */
  readonly atATimeAtFirst: number;
  /** No call should be answered later than this, its wait for a turn included. */
  readonly answerWithinMs: number;
  /** What the work itself may take besides, where nobody is in its way, such as a provider's answer. */
  readonly workMs?: number;
}

export interface Waiter {
  /** Aborts once nobody waits for the answer. Asked for only where the call has to wait for a turn, since most do not. */
  readonly gone?: () => AbortSignal | undefined;
  /** Is done before a refusal is thrown. */
  readonly beforeRefusal?: (refusal: VezaError) => Promise<void>;
}

/** What a call takes until one was seen: that of a machine with nothing else to do. */
const TAKES_AT_FIRST_MS = 100;
/** A mean over the last ten or so: over fewer it jumps with each slow call, over more a change is seen too late. */
const NEWEST_SHARE = 0.1;
/** Then the engine says itself that no worker took what was asked (engine/calls.ts): one that is slow answers before. */
const SILENT_MS = 5_000;
const RETRY_AFTER_LEAST_MS = 1_000;
const RETRY_AFTER_MOST_MS = 60_000;

/**
 * Admits as many calls at a time as are answered soon (see `AtATime`). Who is over that number waits for a turn, in the
 * order of coming, if the turn comes within a quarter of the time, and leaves the queue with its client. All others are
 * refused at once: with `engine_busy` and when there will be room, or with `engine_unavailable` while nobody answers. A
 * call that is refused has changed nothing.
 */
export class Admission {
  readonly #atATime: AtATime;
  readonly #turnWithinMs: number;
  readonly #silentMs: number;
  readonly #waiting: ((isMyTurn: boolean) => void)[] = [];
  readonly #nowMs: () => number;
  #inFlight = 0;
  #takesMs = TAKES_AT_FIRST_MS;
  /** From one end to the next, while some are under way. */
  #betweenEndsMs = TAKES_AT_FIRST_MS;
  #endedAtMs = -Infinity;
  /** Nobody answered the call that ended last. */
  #isUnanswered = false;
  /** When all who were refused so far are served, if each comes back when told; no later than anybody is told. */
  #promisedUntilMs = -Infinity;

  constructor(
    { atATimeMax, atATimeAtFirst, answerWithinMs, workMs = 0 }: AdmissionLimits,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#atATime = new AtATime({ atATimeMax, atATimeAtFirst, soonMs: answerWithinMs / 2 + workMs });
    this.#turnWithinMs = answerWithinMs / 4;
    this.#silentMs = SILENT_MS + workMs;
    this.#nowMs = nowMs;
  }

  /** How many may be under way now. */
  get atATime(): number {
    return this.#atATime.allowed;
  }

  /** How many wait for a turn now. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Does the work in its turn. Throws `engine_busy` or `engine_unavailable`, before it began, where it gets none. */
  async admit<T>(work: () => Promise<T>, { gone, beforeRefusal }: Waiter = {}): Promise<T> {
    if (this.#inFlight < this.atATime) this.#begin();
    else {
      const refusal = await this.#waitForTurn(gone);
      if (refusal !== null) {
        await beforeRefusal?.(refusal);
        throw refusal;
      }
    }
    const begun = { beganAtMs: this.#nowMs(), inFlightAtFirst: this.#inFlight };
    let isAnswered = true;
    try {
      return await work();
    } catch (error) {
      isAnswered = !isSilence(error);
      throw error;
    } finally {
      this.#learn({ ...begun, endedAtMs: this.#nowMs(), isAnswered, inFlight: this.#inFlight });
      this.#inFlight -= 1;
      this.#callNext();
    }
  }

  #begin(): void {
    // Before it nothing was under way, so that time says nothing of the rate.
    if (this.#inFlight === 0) this.#endedAtMs = this.#nowMs();
    this.#inFlight += 1;
  }

  /** How long one call keeps the next one waiting: as measured, or less where fewer were asked for than there was room. */
  get #eachMs(): number {
    return Math.min(this.#betweenEndsMs, this.#takesMs / this.atATime);
  }

  /** Null once it is the caller's turn. */
  async #waitForTurn(gone: Waiter['gone']): Promise<VezaError | null> {
    const turnInMs = (this.#waiting.length + 1) * this.#eachMs;
    if (this.#isAway || turnInMs > this.#turnWithinMs) return this.#refusal(turnInMs);
    const wasCalled = await new Promise<boolean>((resolve) => {
      const call = (isMyTurn: boolean) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', leave);
        resolve(isMyTurn);
      };
      const leave = () => this.#leaveQueue(call);
      // The turn may not come: those before can take longer than the last ones.
      const timer = setTimeout(leave, 2 * this.#turnWithinMs);
      // A turn without a client would be spent on what nobody waits for, and what nobody knows to be done.
      const signal = gone?.();
      signal?.addEventListener('abort', leave);
      this.#waiting.push(call);
      if (signal?.aborted) leave();
    });
    return wasCalled ? null : this.#refusal(this.#turnWithinMs);
  }

  #leaveQueue(call: (isMyTurn: boolean) => void): void {
    const place = this.#waiting.indexOf(call);
    if (place === -1) return;
    this.#waiting.splice(place, 1);
    call(false);
  }

  #callNext(): void {
    while (this.#inFlight < this.atATime) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#begin();
      next(true);
    }
  }

  #learn(call: EndedCall): void {
    const { beganAtMs, endedAtMs, isAnswered } = call;
    this.#atATime.learn(call);
    // A call that nobody answers takes until its deadline, which says nothing of the pace once somebody answers again.
    if (isAnswered) {
      this.#takesMs += NEWEST_SHARE * (endedAtMs - beganAtMs - this.#takesMs);
      this.#betweenEndsMs += NEWEST_SHARE * (endedAtMs - this.#endedAtMs - this.#betweenEndsMs);
    }
    this.#endedAtMs = endedAtMs;
    this.#isUnanswered = !isAnswered;
  }

  /** As far as is known: the last call was not answered, or none has been for long. */
  get #isAway(): boolean {
    return this.#isUnanswered || this.#nowMs() - this.#endedAtMs > this.#silentMs;
  }

  #refusal(turnInMs: number): VezaError {
    if (this.#isAway) {
      return new VezaError(
        'engine_unavailable',
        'The engine cannot be reached or no worker answers. This call has done nothing.',
      );
    }
    const nowMs = this.#nowMs();
    // Who is refused comes after those who were refused before: all at once, they would be refused again. The
    // sum stops at what a call is told at most, or everybody would be told that for long after a crowd has left.
    const untilMs = Math.max(this.#promisedUntilMs, nowMs + turnInMs) + this.#eachMs;
    this.#promisedUntilMs = Math.min(untilMs, nowMs + RETRY_AFTER_MOST_MS);
    const inMs = Math.max(this.#promisedUntilMs - nowMs, RETRY_AFTER_LEAST_MS);
    return new VezaError(
      'engine_busy',
      'More is asked for than can be begun now. This call has done nothing.',
      {
        retry_after_s: Math.ceil(inMs / 1_000),
      },
    );
  }
}

/** Whether the work failed since the engine or the database did not answer. */
const isSilence = (error: unknown) =>
  error instanceof VezaError ? error.code === 'engine_unavailable' : isUnavailable(error);
