import { sql } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { type CallAllowance, takeFrom } from '../../kernel/index.ts';

const WINDOWS_S = { minute: 60, hour: 3600 } as const;

const counterOf = (windowS: number) =>
  takeFrom({ table: sql`client_usage`, keys: [['scope', 'text']], since: 'since', windowS });

const TAKE = { minute: counterOf(WINDOWS_S.minute), hour: counterOf(WINDOWS_S.hour) } as const;

/** Takes one call of a client without credentials from a limit, or says that none is free. `scope` by `scopeOf`. */
export const takeClientCall = (
  db: Db,
  { scope, per, limit }: { readonly scope: string; readonly per: 'minute' | 'hour'; readonly limit: number },
): Promise<CallAllowance> => TAKE[per](db, { scope }, limit);
