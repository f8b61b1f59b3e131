import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Role } from '../../domain/accounts/index.ts';
import type { Db, Tx } from '../client.ts';
import { sellerAccounts } from './schema.ts';
import { products } from '../catalog/index.ts';
import { users } from '../accounts/index.ts';

interface Person {
  readonly email: string;
  readonly role: Role;
  readonly products?: readonly { readonly title: string; readonly priceMinor: number }[];
}

const BUYER = 'buyer@seed.veza.example';
const OTHER_BUYER = 'other-buyer@seed.veza.example';
const ADMIN = 'admin@seed.veza.example';
const SELLERS: readonly (Person & { readonly stripeAccountId: string })[] = [
  {
    email: 'ada@seed.veza.example',
    role: 'artist',
    stripeAccountId: 'acct_1VezaSeedAda001',
    products: [
      { title: 'Night Drive (WAV licence)', priceMinor: 2_500 },
      { title: 'Glasshouse (stems)', priceMinor: 4_990 },
    ],
  },
  {
    email: 'ben@seed.veza.example',
    role: 'producer',
    stripeAccountId: 'acct_1VezaSeedBen001',
    products: [
      { title: 'Low Tide (beat, exclusive)', priceMinor: 12_000 },
      { title: 'Paper Planes (MP3 lease)', priceMinor: 1_999 },
    ],
  },
];
const PEOPLE: readonly Person[] = [
  { email: BUYER, role: 'user' },
  { email: OTHER_BUYER, role: 'user' },
  ...SELLERS,
  { email: ADMIN, role: 'admin' },
];
const CURRENCY = 'EUR';

/**
 * People and products to try things with: a buyer, another, two sellers with Stripe accounts, an admin, four products.
 * A repeat finds them by their e-mail addresses and changes nothing, but for a password where they have none; null: nobody gets
 * one.
 */
export async function seedCatalog(db: Db, passwordHash: string | null = null) {
  return db.transaction(async (tx) => {
    // With two seeds at once the second waits, then finds everything done.
    await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtext('veza:seed'))`);
    const byEmail = await seedUsers(tx);
    if (passwordHash !== null) await givePasswords(tx, passwordHash);
    const user = (email: string) => {
      const found = byEmail.get(email);
      if (found === undefined) throw new Error(`seeded user ${email} is missing`);
      return found;
    };
    const sellers = await seedAccounts(
      tx,
      SELLERS.map(({ email, stripeAccountId }) => ({ ...user(email), stripeAccountId })),
    );
    return {
      buyer: user(BUYER),
      otherBuyer: user(OTHER_BUYER),
      sellers,
      admin: user(ADMIN),
      products: await seedProducts(
        tx,
        sellers.map(({ id, email }) => ({ id, email })),
      ),
    };
  });
}

const givePasswords = (tx: Tx, passwordHash: string) =>
  tx
    .update(users)
    .set({ passwordHash })
    .where(
      and(
        inArray(
          users.email,
          PEOPLE.map(({ email }) => email),
        ),
        isNull(users.passwordHash),
      ),
    );

async function seedUsers(tx: Tx) {
  await tx
    .insert(users)
    .values(PEOPLE.map(({ email, role }) => ({ id: uuidv7(), email, role, isVerified: true })))
    .onConflictDoNothing();
  const rows = await tx
    .select()
    .from(users)
    .where(
      inArray(
        users.email,
        PEOPLE.map((person) => person.email),
      ),
    );
  return new Map(rows.map((row) => [row.email, row]));
}

async function seedAccounts<Seller extends { readonly id: string; readonly stripeAccountId: string }>(
  tx: Tx,
  sellers: readonly Seller[],
) {
  await tx
    .insert(sellerAccounts)
    .values(sellers.map(({ id, stripeAccountId }) => ({ userId: id, stripeAccountId })))
    .onConflictDoNothing();
  const rows = await tx
    .select()
    .from(sellerAccounts)
    .where(
      inArray(
        sellerAccounts.userId,
        sellers.map(({ id }) => id),
      ),
    );
  const accountOf = new Map(rows.map((row) => [row.userId, row.stripeAccountId]));
  return sellers.map((seller) => ({ ...seller, stripeAccountId: accountOf.get(seller.id) ?? null }));
}

async function seedProducts(tx: Tx, sellers: readonly { readonly id: string; readonly email: string }[]) {
  const sellerIds = sellers.map((seller) => seller.id);
  const stored = () =>
    tx
      .select()
      .from(products)
      .where(
        and(
          inArray(products.sellerId, sellerIds),
          eq(products.active, true),
          eq(products.currency, CURRENCY),
        ),
      )
      .orderBy(asc(products.createdAt), asc(products.id));
  const existing = await stored();
  const missing = sellers.flatMap(({ id, email }) =>
    existing.some((product) => product.sellerId === id)
      ? []
      : (SELLERS.find((seller) => seller.email === email)?.products ?? []).map((product) => ({
          ...product,
          id: uuidv7(),
          sellerId: id,
          currency: CURRENCY,
        })),
  );
  if (missing.length === 0) return existing;
  await tx.insert(products).values(missing);
  return stored();
}
