import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asc, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { disputes } from '../../db/marketplace/disputes/schema.ts';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import { orders } from '../../db/marketplace/orders/schema.ts';
import { settlementFiles, settlementExceptions } from '../../db/settlements/schema.ts';
import { type InvoicePayment, invoicePayments } from '../../db/subscriptions/invoices/schema.ts';
import { sellerTransfers, transferReversals } from '../../db/marketplace/transfers/schema.ts';
import { reconcileStatement as command } from '../../ops/commands/reconcile-statement.ts';
import { paidInvoice } from '../harness/attempts.ts';
import { run, start } from '../harness/processes.ts';
import { makePerson } from '../harness/shop.ts';
import { World } from '../harness/world.ts';

type Env = Pick<World, 'env'>;

/** What the command needs, and nothing else of ours. */
export function opsEnv({ env }: Env): Record<string, string> {
  const { DATABASE_URL = '', TEMPORAL_ADDRESS = '', TEMPORAL_TASK_QUEUE = '' } = env;
  return { DATABASE_URL, TEMPORAL_ADDRESS, TEMPORAL_TASK_QUEUE };
}

/** As an operator runs it. */
export const reconcileStatement = (world: Env, ...args: readonly string[]) =>
  run('ops/cli.ts', ['reconcile-statement', ...args], opsEnv(world));

export interface Printed {
  readonly statement_id: string;
  readonly workflow_id: string;
  readonly layout: string;
  readonly rows: number;
  readonly matched: Record<string, number>;
  readonly ignored: Record<string, number>;
  readonly exceptions: Record<string, number>;
  readonly open: number;
}

/** The same in this process, which spares a start of Node; what it printed, and what was found. */
export async function reconciled(world: World, file: string, ...args: readonly string[]) {
  const exitCode = process.exitCode;
  try {
    const text = await command([file, '--json', ...args], opsEnv(world));
    const printed = JSON.parse(text) as Printed;
    return {
      code: process.exitCode,
      printed,
      exceptions: await exceptionsOf(world, printed.statement_id),
    };
  } finally {
    process.exitCode = exitCode;
  }
}

/** A process of its own, to be killed. */
export const startReconcileStatement = (world: World, ...args: readonly string[]): ChildProcess =>
  start('ops/cli.ts', ['reconcile-statement', ...args], opsEnv(world)).child;

export interface Files {
  /** Writes a file of this text; its path. */
  write(name: string, text: string | Buffer): Promise<string>;
  remove(): Promise<void>;
}

export async function makeFiles(): Promise<Files> {
  const folder = await mkdtemp(join(tmpdir(), 'veza-settlements-'));
  return {
    write: async (name, text) => {
      const path = join(folder, name);
      await writeFile(path, text);
      return path;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export const EXPORT_HEADER =
  'id,Type,Source,Amount,Fee,Destination Platform Fee,Net,Currency,Created (UTC),Available On (UTC),Description,' +
  'Customer Facing Amount,Customer Facing Currency,Transfer,Transfer Date (UTC),Transfer Group,order_id (metadata)';

/** A line of the Dashboard's export, as far as it matters here. */
export function exportLine(line: {
  readonly type: string;
  readonly source: string | null | undefined;
  readonly amount: string;
  readonly currency?: string;
  readonly created?: string;
  readonly description?: string;
  readonly shown?: readonly [amount: string, currency: string];
  readonly orderId?: string;
}): string {
  const { type, source, amount, currency = 'usd', created = '2026-08-21 10:11', description = '' } = line;
  const [shown, shownIn] = line.shown ?? ['', ''];
  const id = `txn_${randomUUID().slice(0, 8)}`;
  return `${id},${type},${source ?? ''},${amount},0.00,,${amount},${currency},${created},${created},${description},${shown},${shownIn},,,,${line.orderId ?? ''}`;
}

/** A transfer to a seller, or one back where the amount is positive. */
export const transferLine = (source: string | null, amount = '-22.50') =>
  exportLine({ type: 'transfer', source, amount });

export const exportOf = (...lines: readonly string[]) => `${[EXPORT_HEADER, ...lines].join('\n')}\n`;

/** A time of ours that lies in the middle of the files of these tests. */
export const MOVED_AT = new Date('2026-08-21T12:00:00Z');

export const stripeId = (prefix: string) => `${prefix}_${randomUUID().replaceAll('-', '').slice(0, 20)}`;

interface People {
  readonly buyerId: string;
  readonly sellerId: string;
}

/** Rows as a sale of long ago left them. Amounts in minor units. */
function ledgerless(world: World, { buyerId, sellerId }: People) {
  const { db } = world.database;
  return {
    async order(values: Partial<typeof orders.$inferInsert> = {}) {
      const id = uuidv7();
      const row = {
        id,
        buyerId,
        totalMinor: 2_500,
        currency: 'USD',
        capturedMinor: 2_500,
        capturedCurrency: 'USD',
        paymentId: id,
        connectorTransactionId: stripeId('pi'),
        status: 'completed',
        completedAt: MOVED_AT,
        ...values,
      } as const;
      await db.insert(orders).values(row);
      return row;
    },
    async refund(orderId: string | null, values: Partial<typeof refunds.$inferInsert> = {}) {
      const id = uuidv7();
      const row = {
        id,
        orderId,
        amountMinor: 1_000,
        currency: 'USD',
        hyperswitchRefundId: id,
        status: 'succeeded',
        succeededAt: MOVED_AT,
        ...values,
      } as const;
      await db.insert(refunds).values(row);
      return row;
    },
    /** A paid invoice: what its payment at the PSP is. */
    async attempt(values: Parameters<typeof paidInvoice>[2] = {}) {
      const paid = { connectorTransactionId: stripeId('pi'), capturedAt: MOVED_AT, ...values.attempt };
      const { attempt } = await paidInvoice(db, buyerId, { ...values, attempt: paid });
      return attempt;
    },
    /** Another payment of the same invoice. */
    async attemptAgain({ invoiceId, capturedAt }: InvoicePayment, number = 2) {
      const row = {
        ...{ id: uuidv7(), invoiceId, attempt: number, onSession: false, amountMinor: 999, currency: 'USD' },
        ...{ status: 'given_back' as const, receivedMinor: 999, receivedCurrency: 'USD', capturedAt },
        connectorTransactionId: stripeId('pi'),
      };
      await db.insert(invoicePayments).values(row);
      return row;
    },
    async transfer(orderId: string, values: Partial<typeof sellerTransfers.$inferInsert> = {}) {
      const row = {
        id: uuidv7(),
        orderId,
        sellerId,
        amountMinor: 2_250,
        currency: 'USD',
        status: 'completed',
        stripeTransferId: stripeId('tr'),
        completedAt: MOVED_AT,
        ...values,
      } as const;
      await db.insert(sellerTransfers).values(row);
      return row;
    },
    async dispute(orderId: string | null, values: Partial<typeof disputes.$inferInsert> = {}) {
      const row = {
        id: uuidv7(),
        orderId,
        providerDisputeId: stripeId('dp_of_router'),
        connectorDisputeId: stripeId('dp'),
        amountMinor: 2_500,
        currency: 'USD',
        status: 'lost',
        openedAt: MOVED_AT,
        ...values,
      } as const;
      await db.insert(disputes).values(row);
      return row;
    },
    async reversal(transferId: string, values: Partial<typeof transferReversals.$inferInsert> = {}) {
      const row = {
        id: uuidv7(),
        transferId,
        amountMinor: 900,
        status: 'reversed',
        stripeReversalId: stripeId('trr'),
        endedAt: MOVED_AT,
        ...values,
      } as const;
      await db.insert(transferReversals).values(row);
      return row;
    },
  };
}

export interface Desk extends People {
  readonly world: World;
  readonly files: Files;
  readonly books: ReturnType<typeof ledgerless>;
  /** Holds an export of these lines against the books. */
  reconcile(name: string, ...lines: readonly string[]): ReturnType<typeof reconciled>;
  close(): Promise<void>;
}

/** A world with a folder for files, a buyer and a seller, and books that a test fills. */
export async function openDesk(options?: Parameters<typeof World.create>[0]): Promise<Desk> {
  const world = await World.create(options);
  const files = await makeFiles();
  const [buyer, seller] = [await makePerson(world, 'user'), await makePerson(world, 'artist')];
  const people = { buyerId: buyer.id, sellerId: seller.id };
  return {
    ...people,
    world,
    files,
    books: ledgerless(world, people),
    reconcile: async (name, ...lines) => reconciled(world, await files.write(name, exportOf(...lines))),
    close: async () => {
      await files.remove();
      await world.close();
    },
  };
}

/** What was found in a settlement file, in the order in which it was found. */
export const exceptionsOf = ({ database: { db } }: World, statementId: string) =>
  db
    .select()
    .from(settlementExceptions)
    .where(eq(settlementExceptions.statementId, statementId))
    .orderBy(asc(settlementExceptions.position));

export async function settlementFileRow({ database: { db } }: World, statementId: string) {
  const [row] = await db.select().from(settlementFiles).where(eq(settlementFiles.id, statementId));
  if (row === undefined) throw new Error(`there is no settlement file ${statementId}`);
  return row;
}

/** What a settlement file leaves behind for its matching: nothing, once it has ended. */
export async function leftovers({ database: { sql } }: World): Promise<{ rows: number; claims: number }> {
  const [counts] = await sql<{ rows: number; claims: number }[]>`
    SELECT (SELECT count(*)::int FROM statement_rows) AS rows, (SELECT count(*)::int FROM statement_claims) AS claims`;
  return counts!;
}
