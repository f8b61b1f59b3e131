import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 250;

/** A workflow that a command follows to its end. */
export interface Followed<Report, Seen> {
  report(): Promise<Report>;
  /** How far it is; null while no worker answers. */
  look(): Promise<Seen | null>;
  onSeen?(seen: Seen): void;
  /** Called once each time that workers fall silent. */
  onSilent(): void;
}

/** To stop following stops nothing: the workflow goes on. */
export async function follow<Report, Seen>({
  report,
  look,
  onSeen,
  onSilent,
}: Followed<Report, Seen>): Promise<Report> {
  const ended = new AbortController();
  const found = report().finally(() => ended.abort());
  // The wait below reports how it ends.
  found.catch(() => undefined);
  let isSilent = false;
  while (!ended.signal.aborted) {
    const seen = await look();
    if (seen !== null) onSeen?.(seen);
    else if (!isSilent && !ended.signal.aborted) onSilent();
    isSilent = seen === null;
    await sleep(LOOK_EVERY_MS, undefined, { signal: ended.signal }).catch(() => undefined);
  }
  return found;
}

/** Why a workflow that was followed has no report. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Terminated by hand, or its history is lost: the cause has the workflow's own message.
  const cause = error.name === 'WorkflowFailedError' && error.cause instanceof Error ? error.cause : error;
  return cause.message;
}
