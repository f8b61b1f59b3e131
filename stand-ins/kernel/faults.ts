import { z } from 'zod';
import { flatten } from './fields.ts';
import { randomFrom } from './random.ts';

/**
 * What a fault applies to. `match`: an operation ('refunds.create') or event type ('refund_succeeded'), or a regular
 * expression over the whole of that name or of 'METHOD /path'; absent: everything. `where`: fields that must be equal
 * ('metadata.reversal_id', 'id'). `times`: how often, 1 unless told. `share`: the part of the matching occasions that
 * the fault hits (0.3: three of ten); `seed` and their order alone decide which.
 */
const target = {
  match: z.union([z.string(), z.instanceof(RegExp)]).optional(),
  where: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  times: z.union([z.number().int().positive(), z.literal('always')]).optional(),
  share: z.number().gt(0).max(1).optional(),
  seed: z.number().int().optional(),
};
const kind = <K extends string, S extends z.ZodRawShape>(name: K, shape: S) =>
  z.strictObject({ kind: z.literal(name), ...shape, ...target });
const delayMs = z.number().int().nonnegative();

export const REQUEST_FAULTS = [
  /** Acts and answers, later. */
  kind('latency', { delayMs }),
  /** Answers this before acting. `stored` (Stripe): execution had begun, so it is kept under the idempotency key. */
  kind('status', {
    status: z.number().int().min(400).max(599),
    body: z.record(z.string(), z.unknown()).optional(),
    headers: z.record(z.string(), z.string()).optional(),
    stored: z.boolean().optional(),
  }),
  /** Connection reset, not acted. */
  kind('dropBefore', {}),
  /** Acted, then connection reset: the answer is lost. */
  kind('dropAfter', {}),
  /** Acted, never answered. */
  kind('timeoutAfter', {}),
  /** Never answered, not acted. */
  kind('hang', {}),
  /** The webhooks that this call causes arrive before its answer does. */
  kind('webhookFirst', {}),
] as const;

export const WEBHOOK_FAULTS = [
  /** Not delivered and not retried; flush() or redeliver() still can. */
  kind('loseWebhook', {}),
  kind('lateWebhook', { delayMs }),
  /** Delivered 1 + `count` times at once. */
  kind('duplicateWebhook', { count: z.number().int().positive() }),
  /** Collects `count` events (2 unless told) and delivers them last first, one after the other. */
  kind('reorderWebhooks', { count: z.number().int().min(2).optional() }),
  /** Kept until release() or flush(). */
  kind('holdWebhook', {}),
] as const;

export const SharedFault = z.discriminatedUnion('kind', [...REQUEST_FAULTS, ...WEBHOOK_FAULTS]);
export type SharedFault = z.output<typeof SharedFault>;
export type StatusFault = Extract<SharedFault, { kind: 'status' }>;
export const faultKind = kind;

export interface AnyFault {
  kind: string;
  match?: string | RegExp | undefined;
  where?: Record<string, string | number | boolean> | undefined;
  times?: number | 'always' | undefined;
  share?: number | undefined;
  seed?: number | undefined;
}

/** An occasion for a fault: what is about to happen. */
export interface Occasion {
  name: string;
  line: string;
  fields: Map<string, string>;
}

export function occasion(name: string, line: string, ...sources: unknown[]): Occasion {
  const fields = new Map<string, string>();
  for (const source of sources) flatten(source, '', fields);
  return { name, line, fields };
}

export interface ActiveFault<F> {
  id: string;
  fault: F;
  left: number | 'always';
  taken: number;
}

interface Drawn<F> extends ActiveFault<F> {
  /** Whether the fault hits the next occasion. */
  draw(): boolean;
}

/** What the server and the deliverer see of a provider's faults. */
export interface SharedFaults {
  take<K extends SharedFault['kind']>(
    kinds: readonly K[],
    at: Occasion,
    fits?: (fault: Extract<SharedFault, { kind: K }>) => boolean,
  ): Extract<SharedFault, { kind: K }> | undefined;
}

/** The faults that are active: those of both providers, and the provider's `Own`. */
export class FaultBox<Own extends AnyFault> implements SharedFaults {
  readonly #schema: z.ZodType<SharedFault | Own>;
  readonly #names: ReadonlySet<string>;
  #active: Drawn<SharedFault | Own>[] = [];
  #count = 0;

  constructor(schema: z.ZodType<SharedFault | Own>, knownNames: Iterable<string>) {
    this.#schema = schema;
    this.#names = new Set(knownNames);
  }

  add(fault: unknown): string {
    const parsed = this.#schema.parse(fault);
    this.#check(parsed.match);
    const id = `fault_${(this.#count += 1)}`;
    this.#active.push({ id, fault: parsed, left: parsed.times ?? 1, taken: 0, draw: drawer(parsed) });
    return id;
  }

  /** A fault that can never fire makes a test pass for nothing: a misspelt operation is refused. */
  #check(match: string | RegExp | undefined): void {
    if (typeof match !== 'string' || !/^[a-zA-Z_.]+$/.test(match) || match.includes('.*')) return;
    if (this.#names.has(match)) return;
    throw new Error(`no operation or event is called '${match}'; there are: ${[...this.#names].join(', ')}`);
  }

  clear(id?: string): void {
    this.#active = id === undefined ? [] : this.#active.filter((active) => active.id !== id);
  }

  list(): readonly ActiveFault<SharedFault | Own>[] {
    return this.#active.map(({ id, fault, left, taken }) => ({ id, fault, left, taken }));
  }

  /** Takes the oldest fault of these kinds that applies, and uses it up by one. */
  take<K extends SharedFault['kind']>(
    kinds: readonly K[],
    at: Occasion,
    fits: (fault: Extract<SharedFault, { kind: K }>) => boolean = () => true,
  ): Extract<SharedFault, { kind: K }> | undefined {
    const isWanted = (fault: AnyFault): fault is Extract<SharedFault, { kind: K }> =>
      kinds.some((wanted) => wanted === fault.kind);
    return this.#use(isWanted, at, fits);
  }

  takeOwn<K extends Own['kind']>(kinds: readonly K[], at: Occasion): Extract<Own, { kind: K }> | undefined {
    const isWanted = (fault: AnyFault): fault is Extract<Own, { kind: K }> =>
      kinds.some((wanted) => wanted === fault.kind);
    return this.#use(isWanted, at, () => true);
  }

  #use<T extends AnyFault>(
    isWanted: (fault: AnyFault) => fault is T,
    at: Occasion,
    fits: (fault: T) => boolean,
  ): T | undefined {
    for (const active of this.#active) {
      const fault: AnyFault = active.fault;
      if (!isWanted(fault) || !applies(fault, at) || !fits(fault) || !active.draw()) continue;
      active.taken += 1;
      if (active.left !== 'always') {
        active.left -= 1;
        if (active.left === 0) this.clear(active.id);
      }
      return fault;
    }
    return undefined;
  }
}

function drawer({ share = 1, seed = 0 }: AnyFault): () => boolean {
  const random = randomFrom(seed);
  return () => share === 1 || random() < share;
}

function applies(fault: AnyFault, at: Occasion): boolean {
  const { match } = fault;
  if (match instanceof RegExp && !(test(match, at.name) || test(match, at.line))) return false;
  if (typeof match === 'string' && match !== '*' && match !== at.name) {
    const whole = new RegExp(`^(?:${match})$`);
    if (!whole.test(at.name) && !whole.test(at.line)) return false;
  }
  return Object.entries(fault.where ?? {}).every(([field, value]) => at.fields.get(field) === String(value));
}

/** A /g expression remembers where it stopped; we ask each time anew. */
function test(expression: RegExp, text: string): boolean {
  expression.lastIndex = 0;
  return expression.test(text);
}
