import type { OauthFault, OauthFaults } from './faults.ts';
import type { Person, ProviderName } from './people.ts';

/** A call as the stand-in got it. */
export interface OauthCall {
  readonly provider: ProviderName;
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
}

interface Listening {
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
}

const ADA: Person = { subject: '1001', email: 'ada@people.example', isVerified: true, name: 'Ada' };

export class OauthControl {
  readonly #faults: OauthFaults;
  readonly #listening: Listening;
  readonly #people = new Map<ProviderName, Person>();
  readonly #calls: OauthCall[] = [];

  constructor(faults: OauthFaults, listening: Listening) {
    this.#faults = faults;
    this.#listening = listening;
  }

  /** Who says yes at a provider's page from now on, and what it tells of them. */
  signInAs(provider: ProviderName, person: Partial<Person>): void {
    this.#people.set(provider, { ...ADA, ...person });
  }

  /** For the server. */
  personAt(provider: ProviderName): Person {
    return this.#people.get(provider) ?? ADA;
  }

  /** A fault fires once unless `times` says otherwise; the oldest that applies comes first. */
  addFault(fault: OauthFault): void {
    this.#faults.add(fault);
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  /** Calls received, the oldest first. */
  calls(provider?: ProviderName): readonly OauthCall[] {
    return this.#calls.filter((call) => provider === undefined || call.provider === provider);
  }

  /** For the server. */
  called(call: OauthCall): void {
    this.#calls.push(call);
  }

  /** Nothing listens any more, and connections break. */
  goAway(): Promise<void> {
    return this.#listening.goAway();
  }

  /** Listens again, at the same port. */
  comeBack(): Promise<void> {
    return this.#listening.comeBack();
  }
}
