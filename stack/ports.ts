import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';

/** Below the range from which systems take ports for outgoing connections: a remembered port stays free. */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** Ports that this process has given out: it gives none out twice before somebody listens on it. */
const givenOut = new Set<number>();

/** A free port on loopback: the wanted one if it is free, else any. */
export async function freePort(wanted?: number): Promise<number> {
  if (wanted !== undefined && (await isFree(wanted))) return give(wanted);
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = randomInt(LOWEST, HIGHEST);
    if (!givenOut.has(port) && (await isFree(port))) return give(port);
  }
  throw new Error(`no free port between ${LOWEST} and ${HIGHEST} on 127.0.0.1`);
}

/** Takes the port that this name had before, if it is free, so that addresses stay stable. */
export async function stablePort(file: string, name: string): Promise<number> {
  const port = await freePort(readPorts(file)[name]);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ ...readPorts(file), [name]: port }, null, 2)}\n`);
  return port;
}

/** After a server has ended its port may be given out again. */
export function returnPort(port: number): void {
  givenOut.delete(port);
}

function give(port: number): number {
  givenOut.add(port);
  return port;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

function readPorts(file: string): Record<string, number> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
  } catch {
    return {};
  }
}
