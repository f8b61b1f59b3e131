import { lookThrough, readableIn } from '../engine/payloads.ts';
import { detailsOf } from '../harness/read.ts';
import type { World } from '../harness/world.ts';
import { taskQueuesOf } from '../../engine/task-queues.ts';

export type CanaryKind = 'name' | 'address' | 'password' | 'code' | 'token' | 'browser' | 'client';

/** What the stand-ins make up by themselves: codes and tokens of providers of sign-ins. */
const MADE_BY_PROVIDERS = /\b(?:at|rt|code)_[\w-]{32}/;

/** Texts that a run gives away, and that must be found nowhere but where they belong. */
export class Canaries {
  readonly #known = new Map<string, CanaryKind>();

  /** Returns the text, for whoever sends it. */
  add(kind: CanaryKind, text: string): string {
    if (text.length < 6) throw new Error(`${text} would be found by chance`);
    // Six digits are found in any number: a code stands alone, as JSON writes it.
    this.#known.set(/^\d{6}$/.test(text) ? `"${text}"` : text, kind);
    return text;
  }

  /** How many there are of a kind, so that a run that gave nothing away is noticed. */
  count(kind: CanaryKind): number {
    return [...this.#known.values()].filter((one) => one === kind).length;
  }

  kindsIn(text: string): CanaryKind[] {
    const lower = text.toLowerCase();
    const kinds = [...this.#known].flatMap(([canary, kind]) =>
      (kind === 'address' ? lower : text).includes(canary) ? [kind] : [],
    );
    if (MADE_BY_PROVIDERS.test(text)) kinds.push('token');
    return [...new Set(kinds)].toSorted();
  }

  /** Of many texts those with a canary, with its kinds; each is cut, for whoever reads the failure. */
  foundIn(texts: Iterable<string>): string[] {
    const found = new Set<string>();
    for (const text of texts) {
      const kinds = this.kindsIn(text);
      if (kinds.length > 0) found.add(`${kinds.join(', ')}: ${text.slice(0, 600)}`);
    }
    return [...found];
  }

  /** Each column of every table in which one stands: `users.email: address`. */
  async foundInRows({ database: { sql } }: Pick<World, 'database'>): Promise<string[]> {
    const tables = await sql<{ name: string }[]>`
      SELECT table_name AS name FROM information_schema.tables
      WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`;
    const found = new Set<string>();
    for (const { name } of tables) {
      const rows = await sql<
        { row: Record<string, unknown> }[]
      >`SELECT to_jsonb(t) AS row FROM ${sql(name)} t`;
      for (const { row } of rows)
        for (const [column, value] of Object.entries(row))
          for (const kind of this.kindsIn(JSON.stringify(value))) found.add(`${name}.${column}: ${kind}`);
    }
    return [...found].toSorted();
  }
}

/** All that Temporal keeps of a world's workflows and can be read there, payloads decoded: histories, pages, attributes. */
export async function engineTextsOf(world: World): Promise<Map<string, string>> {
  const query = Object.values(taskQueuesOf(world.config))
    .map((queue) => `TaskQueue = '${queue}'`)
    .join(' OR ');
  const texts = new Map<string, string>();
  for await (const { workflowId, status } of world.temporal.workflow.list({ query })) {
    const readable = readableIn(await lookThrough(world, workflowId));
    const page = status.name === 'TERMINATED' ? '' : await detailsOf(world, workflowId);
    texts.set(workflowId, `${readable}\n${page}`);
  }
  return texts;
}
