import { setTimeout as sleep } from 'node:timers/promises';

/** A provider gave no answer to compare. Nothing is known then, and that is no difference. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

const ATTEMPTS = 4;
/** Between attempts, where the provider does not say how long. */
const PAUSE_MS = 500;

const NO_ANSWER = ['unknown', 'rate_limited', 'unauthorized', 'account_gone', 'refused'] as const;
type NoAnswer = (typeof NO_ANSWER)[number];

interface Outcome {
  readonly kind: string;
  readonly reason?: string;
  readonly message?: string;
  readonly retryAfterMs?: number;
}

const isNoAnswer = (kind: string): kind is NoAnswer => NO_ANSWER.some((one) => one === kind);

/** Asks until there is an answer to compare, a few times, so that one failed call does no harm. Throws Unreachable. */
export async function answered<O extends Outcome>(
  provider: string,
  ask: () => Promise<O>,
): Promise<Exclude<O, { kind: NoAnswer }>> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await ask();
    if (!isNoAnswer(outcome.kind)) return outcome as Exclude<O, { kind: NoAnswer }>;
    const passes = outcome.kind === 'unknown' || outcome.kind === 'rate_limited';
    if (!passes || attempt === ATTEMPTS) {
      const why = outcome.reason ?? outcome.message ?? outcome.kind;
      throw new Unreachable(`${provider} could not be asked: ${why}`);
    }
    await sleep(outcome.retryAfterMs ?? PAUSE_MS * attempt);
  }
}
