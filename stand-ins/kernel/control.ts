import { z } from 'zod';
import { type Verb, verb } from './control-routes.ts';
import type { Deliverer, Delivery, DeliveryState } from './deliveries.ts';
import type { ActiveFault, AnyFault, FaultBox, SharedFault } from './faults.ts';
import type { Posted } from './post.ts';
import type { RequestEntry, RequestLog } from './requests.ts';
import type { Tasks } from './tasks.ts';

const WAIT_MS = 60_000;

export interface CommonParts<Own extends AnyFault> {
  faults: FaultBox<Own>;
  requests: RequestLog;
  deliverer: Deliverer;
  tasks: Tasks;
  onChange(): void;
}

export interface RawWebhook {
  /** Signed with the real secret by default: wrong signs with another one, missing sends no signature. */
  signature?: 'valid' | 'wrong' | 'missing' | undefined;
  headers?: Record<string, string> | undefined;
}

/** The controls that both sandboxes have. */
export abstract class CommonControl<Own extends AnyFault, Input> {
  readonly #parts: CommonParts<Own>;

  constructor(parts: CommonParts<Own>) {
    this.#parts = parts;
  }

  protected abstract sign(body: string, o: { wrong: boolean }): Record<string, string>;

  /** Returns the fault's id. A fault fires once unless `times` says otherwise; the oldest that applies comes first. */
  addFault(fault: Input): string {
    return this.#parts.faults.add(fault);
  }

  clearFaults(id?: string): void {
    this.#parts.faults.clear(id);
  }

  faults(): readonly ActiveFault<SharedFault | Own>[] {
    return this.#parts.faults.list();
  }

  /** Requests received, oldest first. */
  requests(operation?: string): readonly RequestEntry[] {
    return this.#parts.requests.list(operation);
  }

  clearRequests(): void {
    this.#parts.requests.clear();
  }

  /** Sees each request as it arrives (`outcome` 'open') and as it ends, past ones too. */
  waitForRequest(
    fits: (entry: RequestEntry) => boolean,
    o: { timeoutMs?: number } = {},
  ): Promise<RequestEntry> {
    return this.#parts.requests.wait(fits, o.timeoutMs ?? WAIT_MS);
  }

  deliveries(): readonly Delivery[] {
    return this.#parts.deliverer.list();
  }

  /** A webhook that reached `state` ('delivered' unless told, 'any' for as soon as it exists), past ones too. */
  waitForDelivery(
    fits: (delivery: Delivery) => boolean = () => true,
    o: { state?: DeliveryState | 'any'; timeoutMs?: number } = {},
  ): Promise<Delivery> {
    const state = o.state ?? 'delivered';
    return this.#parts.deliverer.wait(
      (d) => (state === 'any' || d.state === state) && fits(d),
      o.timeoutMs ?? WAIT_MS,
    );
  }

  redeliver(eventId: string): Promise<Delivery> {
    return this.#parts.deliverer.redeliver(eventId);
  }

  release(fits?: (delivery: Delivery) => boolean): Promise<readonly Delivery[]> {
    return this.#parts.deliverer.release(fits);
  }

  flush(fits?: (delivery: Delivery) => boolean): Promise<readonly Delivery[]> {
    return this.#parts.deliverer.flush(fits);
  }

  /** Nothing under way: no request, no first delivery, nothing about to settle. Retries and late webhooks do not count. */
  idle(): Promise<void> {
    return this.#parts.tasks.idle();
  }

  /** Sends any bytes to the webhook URL and answers what the receiver answered. */
  sendWebhook(body: string, o: RawWebhook = {}): Promise<Posted> {
    const signed = o.signature === 'missing' ? {} : this.sign(body, { wrong: o.signature === 'wrong' });
    return this.#parts.deliverer.sendRaw(body, { ...signed, ...o.headers });
  }

  protected changed(): void {
    this.#parts.onChange();
  }

  protected commonVerbs(): Record<string, Verb> {
    const raw = z.object({
      body: z.string(),
      signature: z.enum(['valid', 'wrong', 'missing']).optional(),
      headers: z.record(z.string(), z.string()).optional(),
    });
    return {
      sendWebhook: verb('sends these bytes to the webhook URL, signed as told', raw, ({ body, ...o }) =>
        this.sendWebhook(body, o),
      ),
      idle: verb('answers when nothing is under way', z.object({}), () => this.idle()),
    };
  }
}
