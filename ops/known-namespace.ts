import type { Connection } from '@temporalio/client';
import type { Db } from '../db/client.ts';
import { keepPlatformSetting } from '../db/kernel/index.ts';

/**
 * Writes down, once, the id of the namespace that has our rows' workflows. Where another id is known, Temporal was
 * rebuilt: the next sweep starts all open work again, and only then writes the new id.
 */
export async function keepNamespaceId(
  db: Db,
  connection: Connection,
  namespace: string,
): Promise<'known' | 'rebuilt'> {
  const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace });
  const id = namespaceInfo?.id;
  if (!id) throw new Error(`Temporal does not say the id of the namespace ${namespace}`);
  const before = await keepPlatformSetting(db, 'temporal_namespace_id', id);
  return before === id ? 'known' : 'rebuilt';
}
