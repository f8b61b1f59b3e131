import { eq } from 'drizzle-orm';
import { beforeAll, expect, test } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { openOf, sealFor } from '../../db/accounts/index.ts';
import { oauthAccounts } from '../../db/accounts/oauth/schema.ts';
import { encryptOauthTokens } from '../../db/accounts/oauth/encrypt.ts';
import type { Sealed } from '../../domain/kernel/index.ts';
import { addUser, type ApiWorld, openApi } from '../harness/api.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await openApi();
});

const HEX = 'deadbeef'.repeat(8);
const place = (column: 'access_token' | 'refresh_token', rowId: string) => ({
  table: 'oauth_accounts',
  column,
  rowId,
});

async function add(tokens: { accessToken: string | null; refreshToken: string | null }): Promise<string> {
  const [id, userId] = [uuidv7(), await addUser(world.database)];
  await world.database.db
    .insert(oauthAccounts)
    .values({ id, userId, provider: 'google', subject: id, ...tokens });
  return id;
}
async function opened(id: string): Promise<readonly (string | null)[]> {
  const { db } = world.database;
  const [row] = await db.select().from(oauthAccounts).where(eq(oauthAccounts.id, id));
  const open = async (column: 'access_token' | 'refresh_token', token: string | null | undefined) =>
    token ? openOf(db, row?.userId ?? '', place(column, id), token as Sealed) : null;
  return [await open('access_token', row?.accessToken), await open('refresh_token', row?.refreshToken)];
}

test('seals plain, half-done and hex-looking rows, and may run again', async () => {
  const { db } = world.database;
  const plain = await add({ accessToken: 'at-plain', refreshToken: 'rt-plain' });
  const hex = await add({ accessToken: HEX, refreshToken: null });
  const half = await add({ accessToken: null, refreshToken: 'rt-half' });
  await db.transaction(async (tx) => {
    const [row] = await tx.select().from(oauthAccounts).where(eq(oauthAccounts.id, half));
    const accessToken = await sealFor(tx, row?.userId ?? '', place('access_token', half), 'at-half');
    await tx.update(oauthAccounts).set({ accessToken }).where(eq(oauthAccounts.id, half));
  });
  const before = await db.select().from(oauthAccounts);
  const shown: string[] = [];
  const show = (done: number, total: number) => void shown.push(`${done}/${total}`);

  expect(await encryptOauthTokens(db, true, show)).toEqual({ rows: 3, tokens: 4, left: 0 });
  expect(await db.select().from(oauthAccounts)).toEqual(before);
  expect(shown).toEqual(['0/3', '1/3', '2/3', '3/3']);

  expect(await encryptOauthTokens(db, false, show)).toEqual({ rows: 3, tokens: 4, left: 0 });
  expect(await opened(plain)).toEqual(['at-plain', 'rt-plain']);
  expect(await opened(hex)).toEqual([HEX, null]);
  expect(await opened(half)).toEqual(['at-half', 'rt-half']);

  expect(await encryptOauthTokens(db, false, show)).toEqual({ rows: 0, tokens: 0, left: 0 });
});
