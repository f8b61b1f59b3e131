import { VezaError } from '../../domain/errors.ts';

/** Each holds a connection to the database while the mail server thinks. */
const AT_A_TIME = 4;
const WAITING_MAX = 50;
/** For what is done before and after a mail. */
const BESIDES_MS = 1_000;

/** No answer that a mail belongs to comes earlier: how long the database took tells nothing of who has an account. */
const NOT_BEFORE_MS = 500;
/** Answers come at whole steps, so that a mail's own time does not stand out by less. */
const STEP_MS = 500;
/** Longer than a mail may take. */
const NOT_BEFORE_MOST_MS = 20_500;
const RECENT = 16;
const RECENT_FOR_MS = 10 * 60_000;

/** The turns of one process: whoever sends a mail in a request waits for one. */
export class MailTurns {
  readonly #waiting: (() => void)[] = [];
  readonly #recent: { readonly tookMs: number; readonly atMs: number }[] = [];
  #underWay = 0;

  /**
   * Does the work in its turn. Throws `overloaded`, before it began, where too many wait already, or where no turn comes early
   * enough for a mail of `mailMs` before `answerByMs`, a time of `performance.now()`.
   */
  async take<Result>(
    { answerByMs, mailMs }: { readonly answerByMs: number; readonly mailMs: number },
    work: () => Promise<Result>,
  ): Promise<Result> {
    await this.#turn(answerByMs - mailMs - BESIDES_MS - performance.now());
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#underWay -= 1;
      else next();
    }
  }

  async #turn(withinMs: number): Promise<void> {
    if (withinMs <= 0 || this.#waiting.length >= WAITING_MAX) throw overloaded();
    if (this.#underWay < AT_A_TIME) {
      this.#underWay += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const call = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(call), 1);
        reject(overloaded());
      }, withinMs);
      this.#waiting.push(call);
    });
  }

  /** A mail took so long, whatever became of it. */
  note(tookMs: number): void {
    this.#recent.push({ tookMs, atMs: performance.now() });
    if (this.#recent.length > RECENT) this.#recent.shift();
  }

  /**
   * How long an answer takes at least, whether a mail was sent for it or not: as long as the slowest of the last ones. A mail server
   * that is slow with mails would tell who has an account.
   */
  get notBeforeMs(): number {
    const sinceMs = performance.now() - RECENT_FOR_MS;
    const recent = this.#recent.filter(({ atMs }) => atMs > sinceMs).map(({ tookMs }) => tookMs);
    const slowestMs = Math.max(0, ...recent);
    // A whole step above, for what the database took beside the mail.
    const stepMs = Math.ceil((slowestMs + STEP_MS / 5) / STEP_MS) * STEP_MS;
    return Math.min(Math.max(NOT_BEFORE_MS, stepMs), NOT_BEFORE_MOST_MS);
  }
}

const overloaded = () =>
  new VezaError('overloaded', 'Too many mails are being sent at once. This call has done nothing.');
