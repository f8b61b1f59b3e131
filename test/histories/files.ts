import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import proto from '@temporalio/proto';

const { History } = proto.temporal.api.history.v1;
export type RecordedHistory = proto.temporal.api.history.v1.IHistory;

const dir = fileURLToPath(new URL('./', import.meta.url));
const project = fileURLToPath(new URL('../../', import.meta.url));

/** Names of the recorded paths. */
export const recordedPaths = (): string[] =>
  readdirSync(dir)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .toSorted();

export const textOfHistory = (path: string): string => readFileSync(`${dir}${path}.json`, 'utf8');
export const readHistory = (path: string): RecordedHistory =>
  History.fromObject(JSON.parse(textOfHistory(path)) as Record<string, unknown>);

/** Without what tells of the machine that recorded it: process, host, folders. Replays look at none of that. */
export function recordHistory(path: string, history: RecordedHistory): void {
  // An event a line: a later recording can be compared with this one.
  const events = (history.events ?? []).map((event) => JSON.stringify(event));
  const text = `{"events":[\n${events.join(',\n')}\n]}\n`
    .replaceAll(`${process.pid}@${hostname()}`, 'worker@recorder')
    .replaceAll(hostname(), 'recorder')
    .replaceAll(project, '');
  writeFileSync(`${dir}${path}.json`, text);
}
