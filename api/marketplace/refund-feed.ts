import type { Logger } from '../../log.ts';
import type { Db } from '../../db/client.ts';
import { readNewRefundEvents, type RefundEventRow } from '../../db/marketplace/refunds/events.ts';
import { readStanding } from '../../db/accounts/index.ts';
import { type ApiKeyScope, asOrdinaryUser, callerByKey, type Role } from '../../domain/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { isTerminal, writeRefundEvent } from './refund-event-text.ts';

export interface FeedLimits {
  /** The longest time until an event reaches its listeners; the process asks once for all of them. */
  readonly pollMs: number;
  /** Shorter than the minute after which proxies drop silent connections. */
  readonly heartbeatMs: number;
  /** After this time a stream ends, and its client reconnects. */
  readonly maxAgeMs: number;
  /** How long a stream may outlive its token, its key, its user, or the user's role; asked once for all of them. */
  readonly standingMs: number;
  readonly maxStreams: number;
  readonly maxStreamsPerUser: number;
}

const LIMITS: FeedLimits = {
  pollMs: 250,
  heartbeatMs: 15_000,
  maxAgeMs: 60 * 60 * 1000,
  standingMs: 1_000,
  maxStreams: 1_000,
  maxStreamsPerUser: 20,
};

/** A client that has left so many writes unread counts as gone. */
const UNREAD_MAX = 16;
/** How soon a browser that lost its stream reconnects. */
const RECONNECT_MS = 2_000;

/** The credentials that opened a stream. */
export interface StreamOpener {
  readonly userId: string;
  /** The role by which the stream was allowed. */
  readonly role: Role;
  /** They are an admin, and were let in as an ordinary user. */
  readonly isUnprovedAdmin: boolean;
  readonly key: { readonly id: string; readonly scopes: readonly ApiKeyScope[] } | null;
  /** The session of the token; null where there is none of ours. */
  readonly sessionId: string | null;
  /** A second factor proved that session when the stream was opened. */
  readonly isProved: boolean;
  /** When the token or the key expires; null: never. */
  readonly endsAt: Date | null;
}

interface Listener extends StreamOpener {
  readonly refundId: string;
  readonly openedAtMs: number;
  readonly stream: ReadableStreamDefaultController<Uint8Array>;
  afterId: number;
}

/**
 * The refunds' events for everybody who listens at this process: one query for each poll, for any number of
 * listeners, and none where nobody listens (docs/adr/0008). Streams are bounded, and end with the process.
 */
export class RefundFeed {
  readonly #db: Db;
  readonly #log: Logger;
  readonly #now: () => Date;
  readonly #limits: FeedLimits;
  readonly #listeners = new Set<Listener>();
  readonly #encoder = new TextEncoder();
  #timers: { poll: NodeJS.Timeout; heartbeat: NodeJS.Timeout } | null = null;
  #polling: Promise<void> = Promise.resolve();
  #isPolling = false;
  #closed = false;
  #standingAtMs = 0;

  constructor(
    { db, log, now }: { db: Db; log: Logger; now?: (() => Date) | undefined },
    limits: Partial<FeedLimits> = {},
  ) {
    this.#db = db;
    this.#log = log;
    this.#now = now ?? (() => new Date());
    this.#limits = { ...LIMITS, ...limits };
  }

  /** How many streams are open now. */
  get size(): number {
    return this.#listeners.size;
  }

  /**
   * A stream that begins with the events so far and ends after a terminal event. Throws `too_many_streams` above the
   * bounds, and `engine_unavailable` where the process is stopping.
   */
  open(of: StreamOpener & { refundId: string; afterId: number; missed: readonly RefundEventRow[] }) {
    this.#admit(of.userId);
    let listener: Listener | undefined;
    return new ReadableStream<Uint8Array>(
      {
        start: (stream) => {
          listener = { ...of, openedAtMs: Date.now(), stream };
          this.#listeners.add(listener);
          if (this.#listeners.size === 1) this.#standingAtMs = Date.now();
          this.#write(listener, `retry: ${RECONNECT_MS}\n\n`);
          this.#tell(listener, of.missed);
          if (this.#listeners.size > 0) this.#run();
        },
        cancel: () => {
          if (listener) this.#forget(listener);
        },
      },
      { highWaterMark: UNREAD_MAX },
    );
  }

  /** Ends every stream; their clients resume at another process. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const listener of this.#listeners) this.#end(listener);
    await this.#polling;
  }

  #admit(userId: string): void {
    if (this.#closed) throw new VezaError('engine_unavailable', 'This process is stopping.');
    const own = [...this.#listeners].filter((listener) => listener.userId === userId).length;
    if (own >= this.#limits.maxStreamsPerUser) {
      throw new VezaError(
        'too_many_streams',
        `You have ${own} streams open, which is the most you may have.`,
      );
    }
    if (this.#listeners.size >= this.#limits.maxStreams) {
      throw new VezaError('too_many_streams', 'This process has as many streams open as it can serve.');
    }
  }

  #run(): void {
    this.#timers ??= {
      poll: setInterval(() => this.#pollOnce(), this.#limits.pollMs),
      heartbeat: setInterval(() => this.#beat(), this.#limits.heartbeatMs),
    };
  }

  /** The next poll waits for one that takes longer than the interval: there is never more than one under way. */
  #pollOnce(): void {
    if (this.#isPolling) return;
    this.#isPolling = true;
    this.#polling = this.#poll().then(
      () => void (this.#isPolling = false),
      (error: unknown) => {
        this.#isPolling = false;
        // The streams stay open: the first poll that works again reads what happened meanwhile.
        this.#log.warn({ err: error }, 'the events of refunds could not be read');
      },
    );
  }

  async #poll(): Promise<void> {
    if (Date.now() - this.#standingAtMs >= this.#limits.standingMs) await this.#endThoseWithoutStanding();
    if (this.#listeners.size === 0) return;
    const known = new Map<string, number>();
    for (const { refundId, afterId } of this.#listeners) {
      known.set(refundId, Math.min(afterId, known.get(refundId) ?? afterId));
    }
    const byRefund = new Map<string, RefundEventRow[]>();
    for (const event of await readNewRefundEvents(this.#db, known)) {
      byRefund.set(event.refundId, [...(byRefund.get(event.refundId) ?? []), event]);
    }
    for (const listener of this.#listeners) this.#tell(listener, byRefund.get(listener.refundId) ?? []);
  }

  /**
   * Ends streams whose token expired, whose session ended, whose key was revoked, or whose user is gone or has another role;
   * the client reconnects.
   */
  async #endThoseWithoutStanding(): Promise<void> {
    this.#standingAtMs = Date.now();
    const at = this.#now();
    for (const listener of this.#listeners) {
      if (listener.endsAt !== null && listener.endsAt <= at) this.#end(listener);
    }
    if (this.#listeners.size === 0) return;
    const asked = [...this.#listeners];
    const { roles, keyIds, sessions } = await readStanding(
      this.#db,
      asked.map(({ userId, key, sessionId }) => ({ userId, keyId: key?.id ?? null, sessionId })),
      at,
    );
    for (const listener of asked) {
      const { userId, key, role, sessionId, isProved } = listener;
      const session = sessionId === null ? undefined : sessions.get(sessionId);
      const roleNow = roles.get(userId);
      const isGone =
        roleNow === undefined ||
        (key !== null && !keyIds.has(key.id)) ||
        (sessionId !== null && session === undefined) ||
        // Without its factor an admin is an ordinary user.
        (role === 'admin' && isProved && session?.isProved === false);
      if ((isGone || letInAs(listener, roleNow) !== role) && this.#listeners.has(listener))
        this.#end(listener);
    }
  }

  #tell(listener: Listener, events: readonly RefundEventRow[]): void {
    const news = events.filter((event) => event.id > listener.afterId);
    for (const event of news) {
      if (!this.#write(listener, writeRefundEvent(event))) return;
      listener.afterId = event.id;
    }
    const last = news.at(-1);
    if (last !== undefined && isTerminal(last)) this.#end(listener);
  }

  #beat(): void {
    const tooOldMs = Date.now() - this.#limits.maxAgeMs;
    for (const listener of this.#listeners) {
      if (listener.openedAtMs <= tooOldMs) this.#end(listener);
      else this.#write(listener, ': heartbeat\n\n');
    }
  }

  #write(listener: Listener, text: string): boolean {
    if ((listener.stream.desiredSize ?? 0) <= 0) {
      this.#end(listener);
      return false;
    }
    listener.stream.enqueue(this.#encoder.encode(text));
    return true;
  }

  #end(listener: Listener): void {
    this.#forget(listener);
    listener.stream.close();
  }

  #forget(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0 || this.#timers === null) return;
    clearInterval(this.#timers.poll);
    clearInterval(this.#timers.heartbeat);
    this.#timers = null;
  }
}

/** The role that whoever opened a stream would have now, if they came again. */
function letInAs({ userId, key, isUnprovedAdmin }: StreamOpener, role: Role): Role {
  if (isUnprovedAdmin) return asOrdinaryUser({ userId, role }).role;
  return key === null ? role : callerByKey({ userId, role }, key.scopes).role;
}
