import type { Db } from '../../db/client.ts';
import { type MaintenanceSetting, readMaintenance } from '../../db/operators/set-maintenance.ts';
import type { Logger } from '../../log.ts';

/** All processes follow a switch within this time. */
const CACHED_MS = 10_000;

interface Given {
  readonly db: Db;
  readonly log: Logger;
  readonly now: () => Date;
  /** MAINTENANCE_MODE. */
  readonly isOnAtStart: boolean;
}

/**
 * Whether Veza is under maintenance, as this process knows it. MAINTENANCE_MODE holds from the start of this process
 * until somebody switches at any process, so it can always be switched off. It writes nothing, so a process that
 * starts with it does not close the others.
 */
export class Maintenance {
  readonly #given: Given;
  #setting: MaintenanceSetting | null = null;
  /** The time of the last change in the setting that was read first; undefined: none was read yet. */
  #foundAtMs: number | null | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | null = null;

  constructor(given: Given) {
    this.#given = given;
    // Reads at once, to tell a switch after this start from one before it, even if nobody calls in between.
    if (given.isOnAtStart) void this.#read();
  }

  /** A promise only where it has to be read first. */
  isOn(): boolean | Promise<boolean> {
    if (this.#given.now().getTime() - this.#readAtMs < CACHED_MS) return this.#isOnNow;
    return this.#read().then(() => this.#isOnNow);
  }

  /** As the database has it now. */
  async look(): Promise<{ isOn: boolean; changedAt: Date | null; isByEnvironment: boolean }> {
    await this.#read();
    return this.#state;
  }

  /** This process switched it itself, and knows so at once. */
  told(setting: MaintenanceSetting) {
    this.#foundAtMs ??= null;
    this.#take(setting);
    return this.#state;
  }

  get #state() {
    return {
      isOn: this.#isOnNow,
      changedAt: this.#setting?.changedAt ?? null,
      isByEnvironment: this.#isByEnvironment,
    };
  }

  get #isOnNow(): boolean {
    return this.#isByEnvironment || this.#setting?.isOn === true;
  }

  get #isByEnvironment(): boolean {
    if (!this.#given.isOnAtStart) return false;
    return this.#foundAtMs === undefined || this.#foundAtMs === changedAtMsOf(this.#setting);
  }

  #take(setting: MaintenanceSetting | null): void {
    this.#setting = setting;
    this.#readAtMs = this.#given.now().getTime();
    if (this.#foundAtMs === undefined) this.#foundAtMs = changedAtMsOf(setting);
  }

  #read(): Promise<void> {
    this.#reading ??= readMaintenance(this.#given.db)
      .then(
        (setting) => this.#take(setting),
        (error: unknown) => {
          // The last known setting goes on holding; the request itself will find out about the database.
          this.#readAtMs = this.#given.now().getTime();
          this.#given.log.warn({ err: error }, 'cannot read whether Veza is under maintenance');
        },
      )
      .finally(() => {
        this.#reading = null;
      });
    return this.#reading;
  }
}

const changedAtMsOf = (setting: MaintenanceSetting | null) => setting?.changedAt.getTime() ?? null;
