import { setTimeout as sleep } from 'node:timers/promises';
import { randomFrom } from '../../../stand-ins/kernel/random.ts';
import type { SmtpFault } from '../../../stand-ins/smtp/faults.ts';
import type { Veza } from '../../cli/veza.ts';
import type { Joined } from './counts.ts';

const EVERY_MS = 400;
/** It is away for so long, once in so many looks. */
const AWAY_MS = 5_000;
const AWAY_EVERY = 60;

/** What befalls the next mail, if anything. */
const FAULTS: readonly SmtpFault[] = [
  { kind: 'refuse' },
  { kind: 'defer' },
  { kind: 'stall' },
  { kind: 'stall', at: 'greeting' },
  { kind: 'drop', at: 'recipient' },
  { kind: 'drop' },
  // The mail is taken, and its answer lost.
  { kind: 'drop', keeps: true },
];

/** The mail server refuses, stalls, drops and is away, until it is told to stop; then it takes everything. */
export async function troubleMails(
  { smtp: { control } }: Pick<Veza, 'smtp'>,
  { seed, joined }: { readonly seed: number; readonly joined: Joined },
  until: AbortSignal,
): Promise<void> {
  const random = randomFrom(seed * 1_000 + 900);
  const rest = (ms: number) => sleep(ms, undefined, { signal: until }).catch(() => undefined);
  for (let looks = 1; !until.aborted; looks += 1) {
    await rest(EVERY_MS);
    const fault = FAULTS[Math.floor(random() * FAULTS.length * 2)];
    // One at a time, so that most mails of a run get through.
    control.clearFaults();
    if (fault !== undefined) control.addFault(fault);
    if (looks % AWAY_EVERY !== 0) continue;
    joined.mailOutages += 1;
    await control.goAway();
    await rest(AWAY_MS);
    await control.comeBack();
  }
  control.clearFaults();
  await control.comeBack();
}
