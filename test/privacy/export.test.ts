import { eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { storeSettingsOf } from '../../config/storage.ts';
import { accountTokens } from '../../db/accounts/tokens/schema.ts';
import { requestExport } from '../../db/privacy/exports/request-export.ts';
import { dataExports } from '../../db/privacy/schema.ts';
import { userProfiles, users } from '../../db/accounts/schema.ts';
import type { FileStore } from '../../domain/kernel/index.ts';
import { createFileStore } from '../../providers/store/index.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { openFlags } from '../harness/read.ts';
import { makePerson, openShop } from '../harness/shop.ts';
import { completedOrder, settledRefund } from '../harness/stories.ts';
import { until } from '../harness/wait.ts';
import { World } from '../harness/world.ts';
import { filesIn, sha256Of } from './zip.ts';

let world: World;
let store: FileStore;
beforeAll(async () => {
  world = await World.create({ env: { EXPORT_RETRY_BASE: '50ms' } });
  store = createFileStore(storeSettingsOf(world.config));
});
afterEach(() => expectCleanBooks(world));
afterAll(async () => {
  store.close();
  await world.close();
});

const rowOf = async (id: string) => {
  const [row] = await world.database.db.select().from(dataExports).where(eq(dataExports.id, id));
  if (row === undefined) throw new Error('there is no such export');
  return row;
};
const start = async (userId: string) => {
  const { id } = await requestExport(world.database.db, userId, { actor: userId });
  await world.engine.startExport({ exportId: id, userId });
  return id;
};
async function bytesOf(key: string): Promise<Buffer> {
  const file = await store.get(key);
  if (file === null) throw new Error(`there is no file ${key}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.content) chunks.push(chunk);
  return Buffer.concat(chunks);
}
/** The whole way, to the files of the copy. */
async function copyOf(userId: string) {
  const id = await start(userId);
  expect(await world.finished(`export/${id}`)).toEqual({ status: 'ready', code: null });
  const row = await rowOf(id);
  const zip = await bytesOf(row.fileKey!);
  return { id, row, zip, files: await filesIn(zip) };
}
type Rows = Record<string, unknown>[];
const rowsOf = (files: Readonly<Record<string, string>>, part: string): Rows =>
  JSON.parse(files[`${part}.json`]!) as Rows;
interface Manifest {
  readonly schema_version: number;
  readonly parts: readonly {
    readonly name: string;
    readonly rows: number;
    readonly missing: number;
    readonly missing_named: readonly string[];
    readonly files: readonly { file: string; size_bytes: number; sha256: string }[];
  }[];
}
const manifestOf = (files: Readonly<Record<string, string>>) =>
  JSON.parse(files['manifest.json']!) as Manifest;

test('a buyer and a seller get what is held on them, each part equal to SQL, and nothing of the other', async () => {
  const shop = await openShop(world);
  const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
  await settledRefund(world, shop.buyer, orderId, { amount: 1_000, reason: 'It was too loud.' });
  const buyer = await copyOf(shop.buyer.id);
  const sqlRows = async (query: ReturnType<typeof sql>) => [...(await world.database.db.execute(query))];
  expect(rowsOf(buyer.files, 'orders')).toMatchObject(
    await sqlRows(
      sql`SELECT id, status, total_minor::int, refunded_minor::int, currency FROM orders WHERE buyer_id = ${shop.buyer.id}`,
    ),
  );
  expect(rowsOf(buyer.files, 'refunds')).toMatchObject([
    { order_id: orderId, amount_minor: 1_000, reason: 'It was too loud.' },
  ]);
  expect(rowsOf(buyer.files, 'licences')).toMatchObject(
    await sqlRows(
      sql`SELECT id, product_id FROM licenses WHERE buyer_id = ${shop.buyer.id} ORDER BY created_at, id`,
    ),
  );
  expect(rowsOf(buyer.files, 'order_items')).toMatchObject([
    { order_id: orderId, title: 'A beat', amount_minor: 10_000 },
  ]);
  expect(rowsOf(buyer.files, 'transfers')).toEqual([]);
  const seller = await copyOf(shop.seller.id);
  expect(rowsOf(seller.files, 'products')).toMatchObject([{ id: shop.seller.productId, title: 'A beat' }]);
  expect(rowsOf(seller.files, 'sales')).toMatchObject([{ order_id: orderId, amount_minor: 10_000 }]);
  expect(rowsOf(seller.files, 'transfers')).toMatchObject(
    await sqlRows(
      sql`SELECT id, status, amount_minor::int, reversed_minor::int FROM seller_transfers WHERE seller_id = ${shop.seller.id}`,
    ),
  );
  expect(rowsOf(seller.files, 'reversals')).toHaveLength(1);
  const [postings] = await sqlRows(
    sql`SELECT count(*)::int AS count FROM seller_postings WHERE seller_id = ${shop.seller.id}`,
  );
  expect(rowsOf(seller.files, 'statement')).toHaveLength(Number(postings!['count']));
  expect(Object.values(seller.files).join('')).not.toContain(shop.buyer.id);
  expect(Object.values(seller.files).join('')).not.toContain('too loud');

  const manifest = manifestOf(buyer.files);
  expect(manifest.schema_version).toBe(1);
  for (const { name, rows, files, missing } of manifest.parts) {
    expect([name, rows, missing]).toEqual([name, rowsOf(buyer.files, name).length, 0]);
    for (const { file, sha256, size_bytes: sizeBytes } of files)
      expect([file, sha256, sizeBytes]).toEqual([
        file,
        sha256Of(buyer.files[file]!),
        Buffer.byteLength(buyer.files[file]!),
      ]);
    expect(buyer.files[`${name}.csv`]!.split('\r\n').length).toBeGreaterThanOrEqual(rows + 2);
  }
  expect([buyer.row.sizeBytes, buyer.row.sha256]).toEqual([buyer.zip.length, sha256Of(buyer.zip)]);
  expect(buyer.row.parts?.map(({ name }) => name)).toEqual(manifest.parts.map(({ name }) => name));
  expect(buyer.files['about.html']).toContain('<h1>The copy of your data</h1>');
});

test('names with quotes, emoji, newlines and from right to left come whole, and no cell is a formula', async () => {
  const { id } = await makePerson(world, 'user');
  const names = ['=HYPERLINK("http://x")', '+1', '-2', '@a', '\tb', '\rc', 'a "b", c\r\nd 🎹 שלום', "it's"];
  const db = world.database.db;
  await db
    .insert(userProfiles)
    .values({ userId: id, displayName: names[6]!, bio: names[0]!, links: ['=1', 'b'] });
  for (const title of names)
    await db.execute(sql`
      INSERT INTO products (id, seller_id, title, price_minor, currency) VALUES (${uuidv7()}, ${id}, ${title}, 100, 'USD')`);
  const { files } = await copyOf(id);
  expect(rowsOf(files, 'products').map(({ title }) => title)).toEqual(names);
  expect(rowsOf(files, 'profile')).toMatchObject([
    { display_name: names[6], bio: names[0], links: ['=1', 'b'] },
  ]);
  const csv = files['products.csv']!;
  for (const cell of [
    `"'=HYPERLINK(""http://x"")"`,
    `,'+1,`,
    `,'-2,`,
    `,'@a,`,
    `,'\tb,`,
    `"'\rc"`,
    `"a ""b"", c\r\nd 🎹 שלום"`,
    `,it's,100,USD,`,
  ])
    expect(csv).toContain(cell);
  expect(files['profile.csv']).toContain(`,'=1; b,`);
});

test('a row and a file that cannot be read are named, and the rest is there', async () => {
  const { id } = await makePerson(world, 'user');
  const db = world.database.db;
  await db.insert(userProfiles).values({ userId: id, displayName: 'Ada', avatarKey: 'avatars/gone.png' });
  const tokenId = uuidv7();
  await db.insert(accountTokens).values({
    ...{ id: tokenId, userId: id, purpose: 'change_email', tokenHash: sha256Of(tokenId) },
    ...{ newEmail: 'enc:1:lost:AAAA', expiresAt: new Date() },
  });
  const { files, row } = await copyOf(id);
  const parts = Object.fromEntries(manifestOf(files).parts.map((part) => [part.name, part]));
  expect(parts['files']).toMatchObject({ rows: 1, missing: 1, missing_named: ['avatars/gone.png'] });
  expect(parts['address_changes']).toMatchObject({ rows: 0, missing: 1 });
  expect(parts['address_changes']!.missing_named[0]).toContain(tokenId);
  expect(rowsOf(files, 'profile')).toMatchObject([{ display_name: 'Ada' }]);
  expect(row.parts?.find(({ name }) => name === 'files')).toMatchObject({ missing: 1 });
});

test('a file that is there is listed with its size and its hash', async () => {
  const { id } = await makePerson(world, 'user');
  async function* content() {
    yield Buffer.from('a picture');
  }
  await store.put(`avatars/${id}`, content(), { contentType: 'image/png' });
  await world.database.db
    .insert(userProfiles)
    .values({ userId: id, displayName: 'Ada', avatarKey: `avatars/${id}` });
  const { files } = await copyOf(id);
  expect(rowsOf(files, 'files')).toEqual([
    { kind: 'avatar', file: `avatars/${id}`, size_bytes: 9, sha256: sha256Of('a picture') },
  ]);
});

test('what an attempt before left is removed, and one file stays', async () => {
  const { id: userId } = await makePerson(world, 'user');
  const { id } = await requestExport(world.database.db, userId, { actor: userId });
  await world.database.db
    .update(dataExports)
    .set({ status: 'building', attempt: 3 })
    .where(eq(dataExports.id, id));
  async function* content() {
    yield Buffer.from('half');
  }
  await store.put(`exports/${id}/3`, content(), { contentType: 'application/zip' });
  await world.engine.startExport({ exportId: id, userId });
  await world.finished(`export/${id}`);
  const { files } = await store.list(`exports/${id}/`);
  expect(files.map(({ key }) => key)).toEqual([`exports/${id}/4`]);
  expect((await rowOf(id)).fileKey).toBe(`exports/${id}/4`);
});

test('a store that is away: tried again, then failed, with a mail and a flag; another may be asked for', async () => {
  const { id: userId } = await makePerson(world, 'user');
  const { id } = await requestExport(world.database.db, userId, { actor: userId });
  await store.put(
    `exports/${id}`,
    (async function* () {
      yield Buffer.from('in the way');
    })(),
    { contentType: 'text/plain' },
  );
  await world.engine.startExport({ exportId: id, userId });
  const ended = await world.finished(`export/${id}`);
  expect(ended).toMatchObject({ status: 'failed' });
  expect(await rowOf(id)).toMatchObject({ status: 'failed', attempt: 6, fileKey: null });
  expect(await openFlags(world, 'export_failed', `export/${id}`)).toHaveLength(1);
  await store.remove(`exports/${id}`);
  expect((await requestExport(world.database.db, userId, { actor: userId })).id).not.toBe(id);
});

test('nothing secret is inside', async () => {
  const { id } = await makePerson(world, 'user');
  const secret = 'geheimnis';
  await world.database.db
    .update(users)
    .set({ passwordHash: `$argon2id$${secret}` })
    .where(eq(users.id, id));
  await world.database.db.execute(sql`
    INSERT INTO two_factors (user_id, secret) VALUES (${id}, ${`enc:1:k:${secret}`})`);
  const { files } = await copyOf(id);
  expect(Object.values(files).join('')).not.toContain(secret);
  expect(rowsOf(files, 'second_factor')).toHaveLength(1);
});

test('somebody who leaves meanwhile gets their copy', async () => {
  const { id: userId } = await makePerson(world, 'user');
  await world.database.db.update(users).set({ status: 'closing' }).where(eq(users.id, userId));
  expect((await copyOf(userId)).row.status).toBe('ready');
});

test('the mail says where the copy is, and carries nothing', async () => {
  const { id: userId } = await makePerson(world, 'user');
  const { id } = await copyOf(userId);
  const mails = await until(
    () => world.database.sql<{ kind: string }[]>`SELECT kind FROM mails WHERE subject = ${`export/${id}`}`,
    (rows) => rows.length > 0,
  );
  expect(mails.map(({ kind }) => kind)).toEqual(['export_ready']);
});
