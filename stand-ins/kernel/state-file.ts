import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** At most this much is lost when the process is killed. */
const MAX_UNSAVED_MS = 50;

/** One JSON file, replaced whole by rename, so that a kill leaves the old or the new state and never half of one. */
export class StateFile {
  readonly #path: string | undefined;
  readonly #snapshot: () => unknown;
  #lastSavedMs = 0;
  #writeMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(path: string | undefined, snapshot: () => unknown) {
    this.#path = path;
    this.#snapshot = snapshot;
  }

  load(): unknown {
    if (this.#path === undefined || !existsSync(this.#path)) return undefined;
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8'));
    } catch (error) {
      // Only an editor can break the file so; that must not block the next start, nor lose the file.
      console.warn(`${this.#path} is not JSON, set aside as .broken: ${String(error)}`);
      renameSync(this.#path, `${this.#path}.broken`);
      return undefined;
    }
  }

  /** Saves now, or, within a burst, once for the whole burst. */
  touch(): void {
    if (this.#path === undefined || this.#timer !== undefined || this.#closed) return;
    // Large books take long to write: never spend more than a fifth of the time on it.
    const pauseMs = Math.max(MAX_UNSAVED_MS, this.#writeMs * 4);
    const waitMs = this.#lastSavedMs + pauseMs - Date.now();
    if (waitMs <= 0) return this.save();
    this.#timer = setTimeout(() => this.save(), waitMs);
  }

  save(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#path === undefined) return;
    const startedMs = Date.now();
    mkdirSync(dirname(this.#path), { recursive: true });
    const next = `${this.#path}.${process.pid}.tmp`;
    writeFileSync(next, JSON.stringify(this.#snapshot()));
    renameSync(next, this.#path);
    this.#lastSavedMs = Date.now();
    this.#writeMs = this.#lastSavedMs - startedMs;
  }

  close(): void {
    this.save();
    this.#closed = true;
  }
}
