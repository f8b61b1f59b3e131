import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { createDatabase, dropDatabase } from '../../stack/postgres.ts';

export interface TestDatabase {
  name: string;
  url: string;
  drop(): Promise<void>;
}

/** A suite's own copy of the migrated template: it sees no other suite's rows. */
export async function createDatabaseFromTemplate(): Promise<TestDatabase> {
  return createTestDatabase(inject('templateDatabase'));
}

/** Without a table: for tests of the migrations themselves. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  return createTestDatabase();
}

/** The run's Temporal server. */
export function temporalAddress(): string {
  return inject('temporalAddress');
}

/** A name that no other suite uses, for a task queue or a prefix of ids. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`;
}

async function createTestDatabase(template?: string): Promise<TestDatabase> {
  const postgresUrl = inject('postgresUrl');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await createDatabase(postgresUrl, name, template);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return { name, url: url.href, drop: () => dropDatabase(postgresUrl, name) };
}
