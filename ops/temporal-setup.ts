import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { temporal } from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.ts';

const { IndexedValueType } = temporal.api.enums.v1;
const TYPES = {
  KEYWORD: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  INT: IndexedValueType.INDEXED_VALUE_TYPE_INT,
  DATETIME: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
} as const;

const USABLE_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 100;

/**
 * Registers our search attributes in a namespace and waits until they can be used: a start that names one earlier
 * fails. Repeatable, and safe while workers run.
 */
export async function setUpTemporal(connection: Connection, namespace: string): Promise<void> {
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(
      Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, TYPES[type]]),
    ),
  });
  const deadlineMs = Date.now() + USABLE_WITHIN_MS;
  for (;;) {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const missing = Object.keys(SEARCH_ATTRIBUTES).filter((name) => customAttributes?.[name] === undefined);
    if (missing.length === 0) return;
    if (Date.now() > deadlineMs)
      throw new Error(`Temporal does not show these search attributes: ${missing.join(', ')}`);
    await sleep(LOOK_EVERY_MS);
  }
}

async function main(): Promise<void> {
  const {
    address = '127.0.0.1:7233',
    namespace = 'default',
    connectionOptions,
  } = {
    ...loadClientConnectConfig(),
    address: process.env['TEMPORAL_ADDRESS'],
    namespace: process.env['TEMPORAL_NAMESPACE'],
  };
  const { tls, apiKey } = connectionOptions;
  const connection = await Connection.connect({
    address,
    ...(tls !== undefined && { tls }),
    ...(apiKey !== undefined && { apiKey }),
  });
  try {
    await setUpTemporal(connection, namespace);
    console.log(`search attributes are registered in namespace ${namespace}`);
  } finally {
    await connection.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  });
}
