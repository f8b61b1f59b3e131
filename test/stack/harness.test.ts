import { Connection } from '@temporalio/client';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { createDatabaseFromTemplate, temporalAddress } from '../harness/services.ts';

test('a suite gets a database of its own, and many can be made at once', async () => {
  const databases = await Promise.all(Array.from({ length: 8 }, () => createDatabaseFromTemplate()));
  const seen = await Promise.all(
    databases.map(async ({ url }) => {
      const sql = postgres(url, { max: 1 });
      const [row] = await sql<{ name: string }[]>`select current_database() as name`;
      await sql.end();
      return row?.name;
    }),
  );
  expect(seen).toEqual(databases.map(({ name }) => name));
  await Promise.all(databases.map(({ drop }) => drop()));
});

test("the run's Temporal server answers", async () => {
  const connection = await Connection.connect({ address: temporalAddress() });
  const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace: 'default' });
  expect(namespaceInfo?.name).toBe('default');
  await connection.close();
});
