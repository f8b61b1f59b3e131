import { isRecord } from './fields.ts';
import { occasion, type SharedFaults } from './faults.ts';
import { type Posted, Poster } from './post.ts';
import type { Tasks } from './tasks.ts';
import { Watch } from './watch.ts';

export type DeliveryState = 'queued' | 'held' | 'late' | 'lost' | 'retrying' | 'delivered' | 'gave_up';

interface Attempt {
  at: string;
  url: string;
  /** The headers that carry the signature, as sent. */
  headers: Record<string, string>;
  status: number | null;
  answer: string;
  error: string | null;
  durationMs: number;
}

/** One webhook event: its exact bytes, and every attempt to deliver them. */
export interface Delivery {
  eventId: string;
  type: string;
  objectId: string;
  body: string;
  createdAt: string;
  state: DeliveryState;
  attempts: Attempt[];
  nextAttemptAt: string | null;
}

export interface NewEvent {
  eventId: string;
  type: string;
  objectId: string;
  body: string;
}

export interface DelivererOptions {
  url: string | (() => string);
  sign(body: string): Record<string, string>;
  /** Whether retries carry the first attempt's signature, also after the secret was rotated. */
  signsOnce: boolean;
  /** Waits between attempts by the provider's real schedule. */
  retryMinutes: readonly number[];
  /** What a real minute takes here. */
  retryScaleMs: number;
  faults: SharedFaults;
  tasks: Tasks;
  onChange(): void;
}

const TIMEOUT_MS = 30_000;
const KEPT_IN_MEMORY = 20_000;
const KEPT_IN_FILE = 500;
const WEBHOOK_KINDS = [
  'loseWebhook',
  'lateWebhook',
  'duplicateWebhook',
  'reorderWebhooks',
  'holdWebhook',
] as const;

export class Deliverer {
  readonly #o: DelivererOptions;
  readonly #poster = new Poster();
  readonly #watch = new Watch<Delivery>();
  readonly #inFlight = new Set<Promise<unknown>>();
  #deliveries = new Map<string, Delivery>();
  #reordering: Delivery[] = [];
  #collecting: Delivery[] | undefined;

  constructor(o: DelivererOptions) {
    this.#o = o;
  }

  /** Goes on with the deliveries that an earlier process had not finished. */
  restore(saved: unknown): void {
    if (!Array.isArray(saved)) return;
    for (const delivery of saved.filter(isDelivery)) {
      this.#deliveries.set(delivery.eventId, delivery);
      if (delivery.state !== 'queued' && delivery.state !== 'late' && delivery.state !== 'retrying') continue;
      const waitMs = Date.parse(delivery.nextAttemptAt ?? '') - Date.now();
      this.#soon(delivery, Math.max(0, Number.isNaN(waitMs) ? 0 : waitMs));
    }
  }

  saved(): readonly Delivery[] {
    const all = this.list();
    const isOver = (d: Delivery): boolean => d.state === 'delivered' || d.state === 'gave_up';
    return [...all.filter((d) => !isOver(d)), ...all.filter(isOver).slice(-KEPT_IN_FILE)];
  }

  list(): readonly Delivery[] {
    return [...this.#deliveries.values()];
  }

  get(eventId: string): Delivery {
    const delivery = this.#deliveries.get(eventId);
    if (delivery === undefined) throw new Error(`no event ${eventId}`);
    return delivery;
  }

  emit(event: NewEvent): Delivery {
    const delivery: Delivery = {
      ...event,
      createdAt: new Date().toISOString(),
      state: 'queued',
      attempts: [],
      nextAttemptAt: null,
    };
    this.#deliveries.set(event.eventId, delivery);
    this.#collecting?.push(delivery);
    this.#forgetOldest();
    const fields: unknown = JSON.parse(event.body);
    const at = occasion(event.type, event.type, fields, objectOf(fields));
    const fault = this.#o.faults.take(WEBHOOK_KINDS, at);
    switch (fault?.kind) {
      case 'loseWebhook':
        delivery.state = 'lost';
        break;
      case 'holdWebhook':
        delivery.state = 'held';
        break;
      case 'lateWebhook':
        this.#wait(delivery, 'late', fault.delayMs);
        break;
      case 'duplicateWebhook':
        for (let copy = 0; copy <= fault.count; copy += 1) this.#now(delivery);
        break;
      case 'reorderWebhooks':
        delivery.state = 'held';
        this.#reordering.push(delivery);
        if (this.#reordering.length >= (fault.count ?? 2)) void this.#lastFirst();
        break;
      default:
        this.#now(delivery);
    }
    this.#changed(delivery);
    return delivery;
  }

  /** Runs `work` and resolves when the events it emitted had their first attempt. */
  async emittedBy(work: () => void): Promise<void> {
    const emitted: Delivery[] = [];
    this.#collecting = emitted;
    work();
    this.#collecting = undefined;
    const sent = emitted.filter((d) => d.state === 'queued');
    await Promise.allSettled(
      sent.map((d) => this.wait((other) => other === d && d.attempts.length > 0, TIMEOUT_MS)),
    );
  }

  async #lastFirst(): Promise<void> {
    for (const delivery of this.#reordering.splice(0).toReversed()) await this.#attempt(delivery);
  }

  /** Sends the same bytes again, even if they were delivered before. */
  async redeliver(eventId: string): Promise<Delivery> {
    const delivery = this.get(eventId);
    await this.#attempt(delivery);
    return delivery;
  }

  /** Delivers what is held. */
  release(fits: (d: Delivery) => boolean = () => true): Promise<readonly Delivery[]> {
    return this.#deliverAll((d) => d.state === 'held' && fits(d));
  }

  /** Delivers everything that has not arrived: held, lost, late, waiting for a retry, given up. */
  flush(fits: (d: Delivery) => boolean = () => true): Promise<readonly Delivery[]> {
    return this.#deliverAll((d) => d.state !== 'delivered' && fits(d));
  }

  async #deliverAll(fits: (d: Delivery) => boolean): Promise<readonly Delivery[]> {
    const chosen = this.list().filter(fits);
    this.#reordering = this.#reordering.filter((d) => !chosen.includes(d));
    for (const delivery of chosen) await this.#attempt(delivery);
    return chosen;
  }

  wait(fits: (d: Delivery) => boolean, timeoutMs: number): Promise<Delivery> {
    const seen = (): string =>
      this.list()
        .slice(-20)
        .map((d) => `${d.type} ${d.state} (${d.attempts.map((a) => a.status ?? a.error).join(' ')})`)
        .join(', ');
    return this.#watch.wait(this.list(), fits, { timeoutMs, what: 'webhook', seen });
  }

  /** Runs right after the current turn, as its own task: never inside the call that caused it. */
  #now(delivery: Delivery): void {
    const end = this.#o.tasks.begin();
    setImmediate(() => void this.#attempt(delivery).finally(end));
  }

  #wait(delivery: Delivery, state: DeliveryState, delayMs: number): void {
    delivery.state = state;
    delivery.nextAttemptAt = new Date(Date.now() + delayMs).toISOString();
    this.#soon(delivery, delayMs);
  }

  #soon(delivery: Delivery, delayMs: number): void {
    const { nextAttemptAt } = delivery;
    const due = (): void => {
      // flush(), redeliver() or a duplicate's retry may have been faster.
      if (delivery.nextAttemptAt === nextAttemptAt) void this.#attempt(delivery);
    };
    this.#o.tasks.later(delayMs, due, { counted: false });
  }

  #attempt(delivery: Delivery): Promise<void> {
    if (this.#o.tasks.closed) return Promise.resolve();
    const end = this.#o.tasks.begin();
    const sending = this.#send(delivery).finally(() => {
      this.#inFlight.delete(sending);
      end();
    });
    this.#inFlight.add(sending);
    return sending;
  }

  /** Outside of the books: any bytes, any headers. */
  sendRaw(body: string, headers: Record<string, string>): Promise<Posted> {
    return this.#poster.post(
      this.#url(),
      body,
      { 'content-type': 'application/json', ...headers },
      TIMEOUT_MS,
    );
  }

  #url(): string {
    const { url } = this.#o;
    return typeof url === 'string' ? url : url();
  }

  async #send(delivery: Delivery): Promise<void> {
    const startedMs = Date.now();
    const first = this.#o.signsOnce ? delivery.attempts[0] : undefined;
    const headers = first?.headers ?? this.#o.sign(delivery.body);
    const attempt: Attempt = {
      at: new Date(startedMs).toISOString(),
      url: this.#url(),
      headers,
      status: null,
      answer: '',
      error: null,
      durationMs: 0,
    };
    try {
      const answer = await this.#poster.post(
        attempt.url,
        delivery.body,
        { ...headers, 'content-type': 'application/json', 'user-agent': 'veza-sandbox/1' },
        TIMEOUT_MS,
      );
      attempt.status = answer.status;
      attempt.answer = answer.body;
    } catch (error) {
      // Closing is no failed attempt: the next process sends it.
      if (this.#o.tasks.closed) return;
      attempt.error = error instanceof Error ? error.message || error.name : String(error);
    }
    attempt.durationMs = Date.now() - startedMs;
    delivery.attempts.push(attempt);
    this.#afterAttempt(delivery, attempt.status !== null && attempt.status >= 200 && attempt.status < 300);
    this.#changed(delivery);
  }

  #afterAttempt(delivery: Delivery, accepted: boolean): void {
    if (accepted) {
      delivery.state = 'delivered';
      delivery.nextAttemptAt = null;
    } else if (delivery.state !== 'delivered') {
      const minutes = this.#o.retryMinutes[delivery.attempts.length - 1];
      if (minutes === undefined) delivery.state = 'gave_up';
      else this.#wait(delivery, 'retrying', minutes * this.#o.retryScaleMs);
    }
  }

  #changed(delivery: Delivery): void {
    this.#watch.notify(delivery);
    this.#o.onChange();
  }

  #forgetOldest(): void {
    if (this.#deliveries.size <= KEPT_IN_MEMORY) return;
    for (const [eventId, delivery] of this.#deliveries) {
      if (delivery.state !== 'delivered') continue;
      this.#deliveries.delete(eventId);
      return;
    }
  }

  /** Aborts what is in flight; it stays queued in the state file. */
  async close(): Promise<void> {
    this.#poster.close();
    await Promise.allSettled(this.#inFlight);
  }
}

/** Hyperswitch nests the object under content, Stripe under data: `where` sees its fields without the nesting. */
function objectOf(event: unknown): unknown {
  if (!isRecord(event)) return undefined;
  const nest = isRecord(event['content']) ? event['content'] : event['data'];
  return isRecord(nest) ? nest['object'] : undefined;
}

function isDelivery(value: unknown): value is Delivery {
  return isRecord(value) && typeof value['eventId'] === 'string' && typeof value['body'] === 'string';
}
