import { condition } from '@temporalio/workflow';

/** Messages that came by signal and wait to be read, in their order. */
export class Mailbox<Message> {
  readonly #waiting: Message[] = [];

  put(message: Message): void {
    this.#waiting.push(message);
  }

  /** The next message that is there now. */
  take(): Message | undefined {
    return this.#waiting.shift();
  }

  /** All messages that are there now. */
  takeAll(): Message[] {
    return this.#waiting.splice(0);
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /**
   * The next message; undefined once the time is over. Without a timeout there is no timer; a timer has a name in the
   * UI.
   */
  async next(timer?: { readonly timeoutMs: number; readonly summary: string }): Promise<Message | undefined> {
    if (timer === undefined) await condition(() => !this.isEmpty);
    else await condition(() => !this.isEmpty, timer.timeoutMs, { summary: timer.summary });
    return this.take();
  }
}
