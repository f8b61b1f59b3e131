import { sql } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { type CallAllowance, takeFrom } from '../../kernel/index.ts';
import { clientScope } from '../passwords/prove.ts';
import { scopeOf } from './scope.ts';

const WINDOWS_S = { minute: 60, hour: 3600 } as const;

const counterOf = (windowS: number) =>
  takeFrom({ table: sql`client_usage`, keys: [['scope', 'text']], since: 'since', windowS });

const TAKE = { minute: counterOf(WINDOWS_S.minute), hour: counterOf(WINDOWS_S.hour) } as const;

/** A limit on what a client without credentials may do. */
export interface ClientLimit {
  readonly what: 'anonymous' | 'auth' | 'register';
  readonly per: keyof typeof WINDOWS_S;
  readonly limit: number;
}

/**
 * Takes one call of a client without credentials from a limit, or says that none is free. `key`: what counts are kept under.
 * The API and the console count together.
 */
export const takeClientCall = (
  db: Db,
  { key, ip }: { readonly key: Buffer; readonly ip: string },
  { what, per, limit }: ClientLimit,
): Promise<CallAllowance> => TAKE[per](db, { scope: scopeOf(key, what, clientScope(ip)) }, limit);
