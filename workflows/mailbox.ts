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

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** The next message; undefined once the time is over. Without a time no timer is held. */
  async next(timeoutMs?: number): Promise<Message | undefined> {
    if (timeoutMs === undefined) await condition(() => !this.isEmpty);
    else await condition(() => !this.isEmpty, timeoutMs);
    return this.take();
  }
}
