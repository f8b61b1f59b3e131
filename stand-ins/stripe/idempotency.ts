import type { Answer, Exchange } from '../kernel/server.ts';
import { Failure, keyInUse, keyWithOtherEndpoint, keyWithOtherParameters, parameterError } from './errors.ts';
import type { StoredKey } from './types.ts';

const MAX_KEY_CHARS = 255;

/** Stripe's idempotency layer: the first answer of an endpoint that began to execute is the answer for good. */
export class IdempotencyKeys {
  readonly #stored = new Map<string, StoredKey>();
  readonly #inProgress = new Set<string>();
  maxAgeMs = 24 * 3_600_000;

  list(): StoredKey[] {
    return [...this.#stored.values()];
  }

  restore(saved: readonly StoredKey[]): void {
    for (const stored of saved) this.#stored.set(stored.scope, stored);
  }

  /** Forgets keys, as Stripe may after a day: all of them, or those older than this. */
  prune(olderThanMs = 0): number {
    const before = this.#stored.size;
    const limitMs = Date.now() - olderThanMs;
    for (const [scope, stored] of this.#stored) if (stored.atMs <= limitMs) this.#stored.delete(scope);
    return before - this.#stored.size;
  }

  async run(exchange: Exchange, requestId: string, act: () => Promise<Answer>): Promise<Answer> {
    const key = exchange.headers['idempotency-key'];
    if (key === undefined || key === '' || exchange.method !== 'POST') return act().catch(answerOf);
    if (key.length > MAX_KEY_CHARS) {
      throw parameterError(`Idempotency keys can be at most ${MAX_KEY_CHARS} characters long.`);
    }
    // Two accounts may use the same key.
    const scope = `${exchange.headers['stripe-account'] ?? ''} ${key}`;
    if (this.#inProgress.has(scope)) throw keyInUse(key);
    const stored = this.#stored.get(scope);
    if (stored !== undefined && stored.atMs > Date.now() - this.maxAgeMs)
      return replay(stored, key, exchange);
    this.#inProgress.add(scope);
    try {
      const { answer, executed } = await executedBy(act);
      if (executed) {
        const { status, body } = answer;
        const { path: endpoint } = exchange;
        const fingerprint = fingerprintOf(exchange.raw);
        this.#stored.set(scope, { scope, endpoint, fingerprint, status, body, requestId, atMs: Date.now() });
      }
      return answer;
    } finally {
      this.#inProgress.delete(scope);
    }
  }
}

function replay(stored: StoredKey, key: string, exchange: Exchange): Answer {
  if (stored.endpoint !== exchange.path) throw keyWithOtherEndpoint(key, exchange.path, stored.endpoint);
  if (stored.fingerprint !== fingerprintOf(exchange.raw)) throw keyWithOtherParameters(key);
  exchange.entry.replayed = true;
  return {
    status: stored.status,
    body: stored.body,
    headers: {
      'idempotency-key': key,
      'idempotent-replayed': 'true',
      'original-request': stored.requestId,
    },
  };
}

async function executedBy(act: () => Promise<Answer>): Promise<{ answer: Answer; executed: boolean }> {
  try {
    return { answer: await act(), executed: true };
  } catch (error) {
    if (error instanceof Failure) return { answer: error.answer, executed: error.executed };
    throw error;
  }
}

function answerOf(error: unknown): Answer {
  if (error instanceof Failure) return error.answer;
  throw error;
}

/** The order of parameters does not matter. */
function fingerprintOf(raw: string): string {
  return [...new URLSearchParams(raw)]
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join('&');
}
