import { DatabaseUnavailable } from '../unavailable.ts';
import type { Line } from './line.ts';

/** The kind of caller: callers that move money may use every line; callers that only read leave some lines free. */
export type Lane = 'money' | 'reads';

export interface PoolSettings {
  readonly max: number;
  /** Lines that `reads` never take. */
  readonly keptForMoney: number;
  /** A caller without a line within this time gets an error. */
  readonly waitMs: number;
  /** A line that is idle for this long is closed. */
  readonly idleMs: number;
  /** A line is not used beyond this age, so that load spreads again after a failover. */
  readonly lifeMs: number;
  open(onSilence: () => void): Promise<Line>;
}

interface Waiter {
  take(line: Line): void;
  refuse(why: unknown): void;
}

/** After a failed dial the next one waits for this long, doubled each time; then there is only one dial at a time. */
const REDIAL_FIRST_MS = 50;
const REDIAL_MAX_MS = 1_000;
const TOO_MANY_CONNECTIONS = '53300';

/**
 * The lines of one process to PostgreSQL. A line that has ended is never used again; a new one is dialled when a
 * caller needs it.
 */
export class Pool {
  readonly #settings: PoolSettings;
  readonly #waiting: Record<Lane, Set<Waiter>> = { money: new Set(), reads: new Set() };
  readonly #taken = new Map<Line, Lane>();
  /** The line that was used last is taken first, so that lines that are not needed grow old. */
  readonly #idle: { readonly line: Line; readonly timer: NodeJS.Timeout }[] = [];
  #dialling = 0;
  #failures = 0;
  #mayDialAtMs = 0;
  #redial: NodeJS.Timeout | undefined;
  #isClosed = false;
  #drained: (() => void) | undefined;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
  }

  /** Gives a line to one caller until it is given back. Throws DatabaseUnavailable where none comes free in time. */
  take(lane: Lane): Promise<Line> {
    const { waitMs } = this.#settings;
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new DatabaseUnavailable('this process has closed its connections', 'CONNECTION_ENDED'));
        return;
      }
      const over = () => {
        clearTimeout(late);
        this.#waiting[lane].delete(waiter);
      };
      const waiter: Waiter = {
        take: (line) => {
          over();
          this.#taken.set(line, lane);
          resolve(line);
        },
        refuse: (why) => {
          over();
          reject(why as Error);
        },
      };
      const late = setTimeout(
        () =>
          waiter.refuse(
            new DatabaseUnavailable(`no connection was free within ${waitMs} ms`, 'POOL_TIMEOUT'),
          ),
        waitMs,
      );
      this.#waiting[lane].add(waiter);
      this.#serve();
    });
  }

  give(line: Line): void {
    this.#taken.delete(line);
    if (this.#isClosed || performance.now() - line.openedAtMs > this.#settings.lifeMs) void line.close();
    else if (line.isOpen) this.#rest(line);
    if (this.#taken.size === 0) this.#drained?.();
    this.#serve();
  }

  /** Serves no new caller; callers that have a line may finish within `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#redial);
    this.#refuseAll(new DatabaseUnavailable('this process closes its connections', 'CONNECTION_ENDED'));
    const idle = this.#idle.splice(0);
    for (const { timer } of idle) clearTimeout(timer);
    let grace: NodeJS.Timeout | undefined;
    if (this.#taken.size > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
        grace = setTimeout(resolve, graceMs);
      });
    }
    clearTimeout(grace);
    await Promise.all(idle.map(({ line }) => line.close()));
    for (const line of this.#taken.keys()) {
      line.destroy(new DatabaseUnavailable('this process has closed its connections', 'CONNECTION_ENDED'));
    }
  }

  #rest(line: Line): void {
    const timer = setTimeout(() => {
      const index = this.#idle.findIndex((resting) => resting.line === line);
      if (index !== -1) this.#idle.splice(index, 1);
      void line.close();
    }, this.#settings.idleMs).unref();
    this.#idle.push({ line, timer });
  }

  #serve(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const line = this.#wake();
      if (line === undefined) break;
      next.take(line);
    }
    this.#dial();
  }

  #next(): Waiter | undefined {
    const [money] = this.#waiting.money;
    if (money) return money;
    const [reader] = this.#waiting.reads;
    return this.#readsLeft() > 0 ? reader : undefined;
  }

  #readsLeft(): number {
    const { max, keptForMoney } = this.#settings;
    const taken = [...this.#taken.values()].filter((lane) => lane === 'reads').length;
    return Math.max(0, max - keptForMoney - taken);
  }

  #wake(): Line | undefined {
    for (let resting = this.#idle.pop(); resting !== undefined; resting = this.#idle.pop()) {
      clearTimeout(resting.timer);
      if (resting.line.isOpen) return resting.line;
    }
    return undefined;
  }

  /** Dials as many lines as callers wait for and as fit; after a failure one at a time, and not at once. */
  #dial(): void {
    if (this.#isClosed) return;
    const wanted = this.#waiting.money.size + Math.min(this.#waiting.reads.size, this.#readsLeft());
    const room = this.#settings.max - this.#taken.size - this.#idle.length;
    const allowed = this.#failures > 0 ? 1 : Infinity;
    const missing = Math.min(wanted, room, allowed) - this.#dialling;
    if (missing <= 0) return;
    const waitMs = this.#mayDialAtMs - performance.now();
    if (waitMs > 0) {
      this.#redial ??= setTimeout(() => {
        this.#redial = undefined;
        this.#serve();
      }, waitMs);
      return;
    }
    for (let count = 0; count < missing; count += 1) void this.#open();
  }

  async #open(): Promise<void> {
    this.#dialling += 1;
    try {
      const line = await this.#settings.open(() => this.#suspect());
      this.#dialling -= 1;
      this.#failures = 0;
      if (this.#isClosed) void line.close();
      else this.#rest(line);
    } catch (error) {
      this.#dialling -= 1;
      this.#failures += 1;
      const backoffMs = Math.min(REDIAL_FIRST_MS * 2 ** (this.#failures - 1), REDIAL_MAX_MS);
      this.#mayDialAtMs = performance.now() + backoffMs * (0.5 + Math.random() / 2);
      // If others hold all of the server's connections, one of ours will come free; otherwise nobody should wait for
      // a server that is away.
      if (this.#taken.size === 0 || !isTooMany(error)) this.#refuseAll(error);
    }
    this.#serve();
  }

  /**
   * One line fell silent: idle ones may be dead too, and their next users would wait as long to find out. So they are
   * closed.
   */
  #suspect(): void {
    for (const { line, timer } of this.#idle.splice(0)) {
      clearTimeout(timer);
      line.destroy(new DatabaseUnavailable('another connection fell silent', 'CONNECTION_CLOSED'));
    }
  }

  #refuseAll(why: unknown): void {
    for (const waiters of Object.values(this.#waiting)) for (const waiter of waiters) waiter.refuse(why);
  }
}

const isTooMany = (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === TOO_MANY_CONNECTIONS;
