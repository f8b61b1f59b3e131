import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { eq, type SQL, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { readVariables } from '../../config.ts';
import { type Database, type Db, openDatabase } from '../../db/client.ts';
import { products } from '../../db/catalog/schema.ts';
import { PasswordHasher } from '../../db/accounts/index.ts';
import { users } from '../../db/accounts/schema.ts';
import type { Role } from '../../domain/accounts/roles.ts';
import { connectNow, createClient } from '../../engine/connect.ts';
import { readSigningSettings } from '../../ops/settings.ts';
import { makeToken } from '../../ops/sign-token.ts';
import { type Api, apiAs, type Order, type Refund, type Transfer } from '../cli/api-client.ts';
import type { Stage } from '../cli/stage.ts';
import { setStripeAccount } from '../seller-account.ts';

const TOKEN_TTL_MS = 24 * 60 * 60 * 1000;
const PASSWORD = 'only to try Veza out';
const PRICE_MINOR = 12_000;
const LOOK_EVERY_MS = 50;
const PATIENCE_MS = 60_000;

export interface Stall {
  readonly buyer: Api;
  readonly seller: Api & { readonly id: string; readonly accountId: string };
  readonly items: readonly { readonly product_id: string }[];
}

/** All workers there are, to be switched off and on again. */
export interface Workers {
  stopWorker(): Promise<void>;
  startWorker(): Promise<void>;
}

/** A running Veza with its stand-ins, and what is needed to bring trouble over it: all of it as the outside does. */
export interface Scene extends Pick<Stage, 'psp' | 'stripe' | 'env'>, Workers {
  readonly db: Db;
  readonly temporal: Client;
  readonly admin: Api & {
    readonly id: string;
    readonly token: string;
    readonly email: string;
    readonly password: string;
  };
  /** A buyer, a seller and a product that no other situation knows. */
  openStall(options?: { readonly connected: boolean }): Promise<Stall>;
  /** Somebody who has no plan, and whom no other situation knows. */
  makeSubscriber(): Promise<Api & { readonly id: string }>;
  close(): Promise<void>;
}

export async function openScene(veza: Omit<Stage, 'temporalUiUrl'> & Workers): Promise<Scene> {
  const { apiUrl, psp, stripe, env } = veza;
  const config = readVariables(env, [
    'DATABASE_URL',
    'TEMPORAL_ADDRESS',
    'TEMPORAL_NAMESPACE',
    'PAYLOAD_ENCRYPTION_KEYS',
    'PAYLOAD_ENCRYPTION_KEY_ID',
  ]);
  const database = openDatabase(config.DATABASE_URL, { maxConnections: 2 });
  const connection = await connectNow(config);
  const { db } = database;
  const person = async (role: Role, stripeAccountId: string | null = null) => {
    const id = uuidv7();
    await db.insert(users).values({ id, email: `${id}@veza.example`, role, isVerified: true });
    if (stripeAccountId !== null) await setStripeAccount(db, id, stripeAccountId);
    const token = await makeToken(db, readSigningSettings(env), { userId: id, role }, TOKEN_TTL_MS);
    return { ...apiAs(apiUrl, token), id, token, email: `${id}@veza.example` };
  };
  const admin = await person('admin');
  const passwordHash = await new PasswordHasher({ atATime: 1 }).hash(PASSWORD);
  await db.update(users).set({ passwordHash }).where(eq(users.id, admin.id));
  return {
    psp,
    stripe,
    env,
    stopWorker: () => veza.stopWorker(),
    startWorker: () => veza.startWorker(),
    db,
    temporal: createClient(connection, config),
    admin: { ...admin, password: PASSWORD },
    openStall: async ({ connected } = { connected: true }) => {
      const accountId = `acct_1Situation${uuidv7().replaceAll('-', '').slice(-12)}`;
      const seller = await person('artist', connected ? accountId : null);
      const id = uuidv7();
      await db
        .insert(products)
        .values({ id, sellerId: seller.id, title: 'Low Tide', priceMinor: PRICE_MINOR, currency: 'EUR' });
      return { buyer: await person('user'), seller: { ...seller, accountId }, items: [{ product_id: id }] };
    },
    makeSubscriber: () => person('user'),
    close: () => closeAll(database, connection),
  };
}

async function closeAll(database: Database, connection: { close(): Promise<void> }): Promise<void> {
  await database.close();
  await connection.close();
}

/** Reads again until the value is as wanted; otherwise the error has the last value. */
export async function until<Value>(
  read: () => Promise<Value>,
  isAsWanted: (value: Value) => boolean,
): Promise<Value> {
  const deadlineMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await read();
    if (isAsWanted(value)) return value;
    if (Date.now() > deadlineMs) throw new Error(`it did not come to that: ${JSON.stringify(value)}`);
    await sleep(LOOK_EVERY_MS);
  }
}

/** A row can say that an attempt failed just before its workflow is started. */
export async function workflowOf({ temporal }: Scene, workflowId: string) {
  const workflow = temporal.workflow.getHandle(workflowId);
  await until(
    () =>
      workflow.describe().then(
        () => true,
        (error: unknown) => {
          if (error instanceof WorkflowNotFoundError) return false;
          throw error;
        },
      ),
    (isThere) => isThere,
  );
  return workflow;
}

export async function placeOrder({ psp }: Scene, { buyer, items }: Stall): Promise<string> {
  const { order } = await buyer.post<{ order: Order }>('/marketplace/orders', { items });
  await until(
    async () => psp.control.hasPayment(order.id),
    (isThere) => isThere,
  );
  return order.id;
}

/** An order that is paid; its transfer may wait. */
export async function payOrder(scene: Scene, stall: Stall): Promise<{ orderId: string; transfer: Transfer }> {
  const orderId = await placeOrder(scene, stall);
  scene.psp.control.pay(orderId);
  const [transfer] = await until(
    () => transfersOf(scene, orderId),
    (all) => all.length > 0,
  );
  if (transfer === undefined) throw new Error(`order ${orderId} has no transfer`);
  return { orderId, transfer };
}

/** An order whose seller has the money. */
export async function completeOrder(scene: Scene, stall: Stall) {
  const { orderId } = await payOrder(scene, stall);
  const [transfer] = await until(
    () => transfersOf(scene, orderId),
    (all) => all.every((one) => one.status === 'completed'),
  );
  const stripeTransferId = transfer?.stripe_transfer_id;
  if (!stripeTransferId) throw new Error(`the transfer of order ${orderId} has no id of Stripe's`);
  return { orderId, stripeTransferId };
}

export async function askRefund({ buyer }: Stall, orderId: string): Promise<string> {
  const asked = await buyer.post<{ refund: Refund }>(`/marketplace/orders/${orderId}/refund`, {});
  return asked.refund.id;
}

const transfersOf = async ({ admin }: Scene, orderId: string) =>
  (await admin.get<{ data: Transfer[] }>(`/admin/transfers?order_id=${orderId}`)).data;

const TABLES = {
  order: sql`orders`,
  refund: sql`refunds`,
  transfer: sql`seller_transfers`,
  reversal: sql`transfer_reversals`,
  payout: sql`seller_payouts`,
  subscription: sql`subscriptions`,
  invoice: sql`invoices`,
};
type Kind = keyof typeof TABLES;

function rowOf(subject: string): { table: (typeof TABLES)[Kind]; id: string } {
  const [kind, id] = subject.split('/');
  const table = TABLES[kind as Kind];
  if (table === undefined || id === undefined) throw new Error(`${subject} is no row with a status`);
  return { table, id };
}

/** The status of the row; for a reversal or a give-back that was tried again, of its successor. */
export async function statusOf({ db }: Scene, subject: string): Promise<string> {
  const [row] = await db.execute<{ status: string }>(statusQuery(subject));
  if (row === undefined) throw new Error(`there is no ${subject}`);
  return row.status;
}

function statusQuery(subject: string): SQL {
  const [kind, id] = subject.split('/');
  if (kind === 'webhook') return sql`SELECT outcome AS status FROM webhook_events WHERE id = ${id}`;
  if (kind === 'flag')
    return sql`SELECT CASE WHEN cleared_at IS NULL THEN 'open' ELSE 'cleared' END AS status FROM ops_flags WHERE id = ${id}`;
  if (kind === 'statement') {
    return sql`SELECT CASE WHEN count(*) = count(resolved_at) THEN 'resolved' ELSE 'open' END AS status
      FROM statement_exceptions WHERE statement_id = ${id}`;
  }
  const row = rowOf(subject);
  if (kind === 'refund')
    return sql`SELECT last.status FROM refunds AS last JOIN refunds AS named ON named.id = ${row.id}
      WHERE last.id = named.id OR (last.kind = 'payment_returned' AND last.payment_id = named.payment_id)
      ORDER BY last.id DESC LIMIT 1`;
  if (kind !== 'reversal') return sql`SELECT status FROM ${row.table} WHERE id = ${row.id}`;
  return sql`SELECT status FROM ${row.table} WHERE id = ${row.id} OR retry_of = ${row.id}
    ORDER BY retry_of NULLS LAST LIMIT 1`;
}

/** Makes the row an hour older, since nobody waits an hour for an example. */
export async function letAnHourPass({ db }: Scene, subject: string): Promise<void> {
  if (subject.startsWith('webhook/')) {
    const id = subject.slice('webhook/'.length);
    await db.execute(
      sql`UPDATE webhook_events SET received_at = received_at - interval '1 hour' WHERE id = ${id}`,
    );
    return;
  }
  const { table, id } = rowOf(subject);
  // An invoice waits for its payment, and that one is what a sweep looks at.
  if (table === TABLES.invoice) {
    await db.execute(
      sql`UPDATE invoice_payments SET created_at = created_at - interval '1 hour', asked_at = asked_at - interval '1 hour',
        last_asked_at = last_asked_at - interval '1 hour' WHERE invoice_id = ${id}`,
    );
    return;
  }
  await db.execute(sql`UPDATE ${table} SET created_at = created_at - interval '1 hour' WHERE id = ${id}`);
}

/** Makes the first miss of a refund at the PSP older than any call runs. */
export async function letTenMinutesPass({ db }: Scene, subject: string): Promise<void> {
  const { id } = rowOf(subject);
  await db.execute(
    sql`UPDATE refunds SET orphan_missed_at = orphan_missed_at - interval '11 minutes' WHERE id = ${id}`,
  );
}
