import { CancellationScope } from '@temporalio/workflow';

interface Look<Message> {
  readonly message: Message;
  readonly perform: () => Promise<unknown>;
}

/** The look at one thing, and one more behind it for all that came of it meanwhile. */
interface Line<Message> {
  readonly scope: CancellationScope;
  readonly looks: Look<Message>[];
}

/**
 * What the PSP is asked because of a message, beside all else that a workflow does: one that cannot be answered holds up
 * nothing. A message stays here until its look is done, but one of each thing is enough: however many come while the PSP cannot
 * be asked, the workflow remembers, and carries on, no more than there are things.
 */
export class Looks<Message> {
  readonly #underWay = new Map<string, Line<Message>>();
  readonly #onDone: () => void;
  readonly #bare: (message: Message) => Message;
  #failed: { readonly error: unknown } | undefined;

  /** `bare`: a message that only names what is to be looked at, in the place of several about it. */
  constructor(onDone: () => void, bare: (message: Message) => Message) {
    this.#onDone = onDone;
    this.#bare = bare;
  }

  /** `key`: what is looked at. Where a look waits already behind the one under way, this one takes its place. */
  begin(key: string, message: Message, perform: () => Promise<unknown>): void {
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) {
      underWay.looks.splice(1, 1, { message, perform });
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

  /** Whether a look waits behind the one that is under way. */
  hasNext(key: string): boolean {
    return (this.#underWay.get(key)?.looks.length ?? 0) > 1;
  }

  /** A message of each thing whose look is not done. */
  get waiting(): Message[] {
    return [...this.#underWay.values()].flatMap(({ looks: [look, next] }) =>
      look === undefined ? [] : [next === undefined ? look.message : this.#bare(next.message)],
    );
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
