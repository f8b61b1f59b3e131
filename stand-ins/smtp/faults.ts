/** Where in a mail's way a fault waits for it: at the greeting, at its recipient, or when all of it was sent. */
export type SmtpStage = 'greeting' | 'recipient' | 'message';

/** `times`: once unless told. `to`: only mails to this address; not at the greeting, which knows none. */
interface Target {
  readonly at?: SmtpStage;
  readonly to?: string;
  readonly times?: number | 'always';
}

export type SmtpFault = Target &
  (
    | /** 550 unless told: the mail is never taken. */ { readonly kind: 'refuse'; readonly status?: number }
    | /** 451 unless told: not now. */ { readonly kind: 'defer'; readonly status?: number }
    /** No answer ever. `keeps`, with `at: 'message'`: the mail is taken all the same. */
    | { readonly kind: 'stall'; readonly keeps?: boolean }
    /** The connection breaks. `keeps`, with `at: 'message'`: the mail is taken, and its answer is lost. */
    | { readonly kind: 'drop'; readonly keeps?: boolean }
  );

/** Where a fault is by itself. */
const STAGES = { refuse: 'recipient', defer: 'recipient', stall: 'recipient', drop: 'message' } as const;
const STATUSES = { refuse: 550, defer: 451 } as const;

/** The faults that are active, the oldest first. */
export class SmtpFaults {
  #active: { readonly fault: SmtpFault; left: number }[] = [];

  add(fault: SmtpFault): void {
    const { times = 1 } = fault;
    this.#active.push({ fault, left: times === 'always' ? Infinity : times });
  }

  clear(): void {
    this.#active = [];
  }

  take(stage: SmtpStage, to: readonly string[] = []): SmtpFault | undefined {
    const found = this.#active.find(
      ({ fault }) =>
        (fault.at ?? STAGES[fault.kind]) === stage && (fault.to === undefined || to.includes(fault.to)),
    );
    if (found === undefined) return undefined;
    found.left -= 1;
    if (found.left <= 0) this.#active = this.#active.filter((one) => one !== found);
    return found.fault;
  }
}

/** As mail servers do, the answer names the recipient. */
export function answerOf(
  fault: Extract<SmtpFault, { kind: 'refuse' | 'defer' }>,
  to: readonly string[],
): Error {
  const responseCode = fault.status ?? STATUSES[fault.kind];
  return Object.assign(new Error(`mailbox of <${to.join('>, <')}> is not available`), { responseCode });
}
