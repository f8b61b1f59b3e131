import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { freePort, startNode } from '../../stack/index.ts';
import { type Closers, type Parts, SECRETS, warnings } from '../stack.ts';
import { BARE_TABLES } from './bare.ts';

/** The bare handlers, in a process of their own with a database of their own on the same PostgreSQL. */
export async function startBare(
  { postgres: server, temporal }: Parts,
  closers: Closers,
  say: (line: string) => void,
) {
  const databaseUrl = await server.createDatabase('bare');
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined });
  closers.push(() => sql.end());
  await sql.unsafe(BARE_TABLES);
  const port = await freePort();
  const env = {
    PATH: process.env['PATH'] ?? '',
    ...SECRETS,
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporal.address,
    FLOOR_TASK_QUEUE: 'bench-floor',
  };
  const script = fileURLToPath(new URL('./bare.ts', import.meta.url));
  const running = startNode({ name: 'bare', script, env, onLine: warnings(say) });
  closers.push(() => running.stop());
  await running.ready;
  return {
    sql,
    url: `http://127.0.0.1:${port}`,
    pids: () => ({ api: running.pid, engine: temporal.pid, database: server.pid }),
  };
}
