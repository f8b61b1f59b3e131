import { CancellationScope } from '@temporalio/workflow';

interface Look<Message> {
  readonly message: Message;
  readonly perform: () => Promise<unknown>;
}

/** The looks at one thing, one after another: what came of it meanwhile is looked at once more. */
interface Line<Message> {
  readonly scope: CancellationScope;
  readonly looks: Look<Message>[];
}

/**
 * What the PSP is asked because of a message, beside all else that a workflow does: one that cannot be answered holds up
 * nothing. A message stays here until its look is done.
 */
export class Looks<Message> {
  readonly #underWay = new Map<string, Line<Message>>();
  readonly #onDone: () => void;
  #failed: { readonly error: unknown } | undefined;

  constructor(onDone: () => void) {
    this.#onDone = onDone;
  }

  /** `key`: what is looked at. */
  begin(key: string, message: Message, perform: () => Promise<unknown>): void {
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) {
      underWay.looks.push({ message, perform });
      return;
    }
    const line: Line<Message> = { scope: new CancellationScope(), looks: [{ message, perform }] };
    this.#underWay.set(key, line);
    line.scope
      .run(async () => {
        for (let [next] = line.looks; next !== undefined; [next] = line.looks) {
          await next.perform();
          line.looks.shift();
        }
      })
      .catch((error: unknown) => {
        if (!line.scope.consideredCancelled) this.#failed = { error };
      })
      .finally(() => {
        if (this.#underWay.get(key) === line) this.#underWay.delete(key);
        this.#onDone();
      });
  }

  /** The messages whose looks are not done. */
  get waiting(): Message[] {
    return [...this.#underWay.values()].flatMap(({ looks }) => looks.map(({ message }) => message));
  }

  get isEmpty(): boolean {
    return this.#underWay.size === 0;
  }

  /** Gives all of them up, to begin them anew; returns what they were for. */
  giveUp(): Message[] {
    const given = this.waiting;
    for (const { scope } of this.#underWay.values()) scope.cancel();
    this.#underWay.clear();
    return given;
  }

  /** A look fails for no reason of the PSP's: its workflow fails with it. */
  throwFailure(): void {
    if (this.#failed !== undefined) throw this.#failed.error;
  }
}
