import { hash, verify } from '@node-rs/argon2';
import { VezaError } from '../../../domain/errors.ts';

/** The library's `Algorithm.Argon2id`, which exists for its compiler alone. */
const ARGON2ID = 2;
/** As OWASP's cheat sheet of password storage has it: 19 MiB, two passes, one lane. */
const STRENGTH = { algorithm: ARGON2ID, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** Of no password: compared with where there is no account, so that an unknown address costs as much as a known one. */
const NOBODYS_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$TYO1QDQ8CXdtQBrE9tzJIA$kgC25MzyxIGUa6SKxrMDoUejHLkj2xk/rSyP1aZidGM';
const WAITING_MAX = 50;

export interface Verified {
  readonly isRight: boolean;
  /** The hash is weaker than new ones are: it should be made anew, now that the password is known. */
  readonly isWeak: boolean;
}

/**
 * Makes and compares the hashes of passwords, a few at a time: each takes a thread of those that read files too, and 19 MiB.
 * One who would be the 51st to wait is told so (`overloaded`).
 */
export class PasswordHasher {
  readonly #atATime: number;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;
  #made = 0;

  constructor({ atATime }: { readonly atATime: number }) {
    this.#atATime = atATime;
  }

  /** How many hashes were made or compared so far. */
  get made(): number {
    return this.#made;
  }

  /** In PHC's format. Throws `overloaded`. */
  hash(password: string): Promise<string> {
    return this.#inTurn(() => hash(password, STRENGTH));
  }

  /** One hash in each case: `stored` null is nobody's. Throws `overloaded`. */
  async verify(password: string, stored: string | null): Promise<Verified> {
    const isRight = await this.#inTurn(() => verify(stored ?? NOBODYS_HASH, password));
    return { isRight: isRight && stored !== null, isWeak: stored !== null && isWeaker(stored) };
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#turn();
    this.#made += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#underWay -= 1;
      else next();
    }
  }

  async #turn(): Promise<void> {
    if (this.#underWay < this.#atATime) {
      this.#underWay += 1;
      return;
    }
    if (this.#waiting.length >= WAITING_MAX) {
      throw new VezaError('overloaded', 'Too many sign in at once. This call has done nothing.');
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

const PARAMETERS = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$/;

function isWeaker(stored: string): boolean {
  const [, memoryCost = '0', timeCost = '0'] = PARAMETERS.exec(stored) ?? [];
  return Number(memoryCost) < STRENGTH.memoryCost || Number(timeCost) < STRENGTH.timeCost;
}
