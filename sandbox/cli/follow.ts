import { setTimeout as sleep } from 'node:timers/promises';
import type { Teller } from './teller.ts';

const LOOK_EVERY_MS = 100;
const PATIENCE_MS = 120_000;

/** Reads again until the value is as wanted; otherwise the error has the last value. */
export async function until<Value>(
  read: () => Promise<Value>,
  isAsWanted: (value: Value) => boolean,
): Promise<Value> {
  const deadlineMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await read();
    if (isAsWanted(value)) return value;
    if (Date.now() > deadlineMs)
      throw new Error(`still so after ${PATIENCE_MS / 1000} s: ${JSON.stringify(value)}`);
    await sleep(LOOK_EVERY_MS);
  }
}

export async function follow<Row extends { readonly id: string; readonly status: string }>(
  what: string,
  read: () => Promise<Row>,
  isOver: (row: Row) => boolean,
  tell: Teller,
): Promise<Row> {
  let told = '';
  return until(read, (row) => {
    if (row.status !== told) tell.detail(`${what} ${row.id}: ${row.status}`);
    told = row.status;
    return isOver(row);
  });
}
