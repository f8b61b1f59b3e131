import { Watch } from '../kernel/watch.ts';
import type { SmtpFault, SmtpFaults } from './faults.ts';

const WAIT_MS = 60_000;
/** Older ones are forgotten. */
const MESSAGES_MAX = 10_000;

/** A mail that was taken. */
export interface CaughtMail {
  /** As the envelope names it. */
  readonly to: string;
  readonly from: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly messageId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly attachments: readonly {
    readonly filename: string;
    readonly contentType: string;
    readonly content: Uint8Array;
  }[];
  /** Addresses in its text, in their order. */
  readonly links: readonly string[];
  readonly receivedAt: Date;
}

interface Listening {
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
}

export class SmtpControl {
  readonly #faults: SmtpFaults;
  readonly #listening: Listening;
  readonly #watch = new Watch<CaughtMail>();
  readonly #messages: CaughtMail[] = [];
  #greetings = 0;

  constructor(faults: SmtpFaults, listening: Listening) {
    this.#faults = faults;
    this.#listening = listening;
  }

  /** Mails that were taken, the oldest first. */
  messages(to?: string): readonly CaughtMail[] {
    return this.#messages.filter((mail) => to === undefined || mail.to === to);
  }

  /** A mail that fits, past ones too. */
  waitForMail(fits: (mail: CaughtMail) => boolean, o: { timeoutMs?: number } = {}): Promise<CaughtMail> {
    return this.#watch.wait(this.#messages, fits, {
      timeoutMs: o.timeoutMs ?? WAIT_MS,
      what: 'mail',
      seen: () => this.#messages.map(({ to, subject }) => `${subject} to ${to}`).join('; '),
    });
  }

  /** How many connections there were. */
  get greetings(): number {
    return this.#greetings;
  }

  /** A fault fires once unless `times` says otherwise; the oldest that applies comes first. */
  addFault(fault: SmtpFault): void {
    this.#faults.add(fault);
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  /** Nothing listens any more, and connections break. */
  goAway(): Promise<void> {
    return this.#listening.goAway();
  }

  /** Listens again, at the same port. */
  comeBack(): Promise<void> {
    return this.#listening.comeBack();
  }

  /** For the server. */
  greeted(): void {
    this.#greetings += 1;
  }

  /** For the server. */
  caught(mail: CaughtMail): void {
    this.#messages.push(mail);
    if (this.#messages.length > MESSAGES_MAX) this.#messages.shift();
    this.#watch.notify(mail);
  }
}
