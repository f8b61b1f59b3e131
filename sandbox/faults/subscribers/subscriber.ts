import { randomFrom } from '../../../stand-ins/kernel/random.ts';
import type { Veza } from '../../cli/veza.ts';
import type { Person } from '../../people.ts';
import { type Answer, type Bought, insistAs } from '../buyers.ts';
import type { FaultRun } from '../options.ts';
import type { Subscribed } from './counts.ts';

export interface SubscriberTask {
  readonly veza: Pick<Veza, 'apiUrl' | 'psp'>;
  readonly person: Person;
  readonly adminToken: string;
  readonly bought: Bought;
  readonly subscribed: Subscribed;
  readonly run: FaultRun;
  readonly number: number;
  /** False where it had ended. */
  readonly terminate: (workflowId: string) => Promise<boolean>;
}

/** A person with the API, their cards and their bank, and the dice that decide what they do. */
export interface Subscriber {
  readonly personId: string;
  readonly control: Veza['psp']['control'];
  readonly subscribed: Subscribed;
  /** Payments of a subscription that was replaced or cancelled: its buyer may still pay one. */
  readonly left: string[];
  readonly random: () => number;
  readonly chance: (share: number) => boolean;
  readonly pick: <T>(all: readonly T[]) => T;
  readonly insist: ReturnType<typeof insistAs>;
  readonly admin: ReturnType<typeof insistAs>;
}

export function asSubscriber({
  veza,
  person,
  adminToken,
  bought,
  subscribed,
  run,
  number,
}: SubscriberTask): Subscriber {
  const random = randomFrom(run.seed * 1_000 + 500 + number);
  return {
    personId: person.id,
    control: veza.psp.control,
    subscribed,
    left: [],
    random,
    chance: (share) => random() < share,
    pick: (all) => all[Math.floor(random() * all.length)]!,
    insist: insistAs(person.token, { veza, bought }),
    admin: insistAs(adminToken, { veza, bought }),
  };
}

/** Asks; refusals by the rules are counted, whatever else is an error. Null where it was refused. */
export async function ask(
  { insist, subscribed }: Subscriber,
  path: string,
  body: object,
): Promise<Answer['body'] | null> {
  const answer = await insist('POST', `/subscriptions/${path}`, body);
  return allowed(subscribed, path, answer) ? answer.body : null;
}

/** Whether the rules allowed it; throws where it failed for another reason. */
export function allowed(subscribed: Subscribed, what: string, { status, body }: Answer): boolean {
  if (status < 300) return true;
  const { code = '' } = body;
  if (status >= 500 || status === 422)
    throw new Error(`${what} was answered ${status}: ${JSON.stringify(body)}`);
  subscribed.refused[code] = (subscribed.refused[code] ?? 0) + 1;
  return false;
}
