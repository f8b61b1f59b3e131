import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { products } from '../../db/catalog/schema.ts';
import { seedCatalog } from '../../db/sellers/seed-catalog.ts';
import { users } from '../../db/accounts/schema.ts';
import type { Role } from '../../domain/accounts/roles.ts';
import type { Person, World } from './world.ts';
import { setStripeAccount } from '../../sandbox/seller-account.ts';

/** A seller with one product, and the Stripe account that is theirs once connected. */
export interface Seller extends Person {
  readonly accountId: string;
  readonly productId: string;
}

export interface Shop {
  readonly buyer: Person;
  readonly admin: Person;
  readonly sellers: readonly Seller[];
  /** The first of them: most stories have but one. */
  readonly seller: Seller;
  readonly productIds: readonly string[];
}

/** The seed's fee: a tenth. A product of 10 000 brings its seller 9 000. */
export const PRICE_MINOR = 10_000;
export const NET_MINOR = 9_000;

/** People and products that no other test knows: a product a seller, priced as told. */
export async function openShop(
  world: World,
  { prices = [PRICE_MINOR], connected = true }: { prices?: readonly number[]; connected?: boolean } = {},
): Promise<Shop> {
  const buyer = await makePerson(world, 'user');
  const admin = await makePerson(world, 'admin');
  const sellers: Seller[] = [];
  for (const priceMinor of prices) sellers.push(await makeSeller(world, priceMinor, connected));
  const [seller] = sellers;
  if (seller === undefined) throw new Error('a shop has a seller');
  return { buyer, admin, sellers, seller, productIds: sellers.map(({ productId }) => productId) };
}

async function makeSeller(world: World, priceMinor: number, connected: boolean): Promise<Seller> {
  const accountId = `acct_test${randomUUID().replaceAll('-', '').slice(0, 16)}`;
  const person = await makePerson(world, 'artist', connected ? accountId : null);
  const productId = await makeProduct(world, person, priceMinor);
  return { ...person, accountId, productId };
}

/** One more product of a seller. */
export async function makeProduct(
  world: World,
  seller: Person,
  priceMinor: number,
  currency = 'USD',
): Promise<string> {
  const id = uuidv7();
  await world.database.db
    .insert(products)
    .values({ id, sellerId: seller.id, title: 'A beat', priceMinor, currency });
  return id;
}

export async function makePerson(
  world: World,
  role: Role,
  stripeAccountId: string | null = null,
): Promise<Person> {
  const id = uuidv7();
  await world.database.db.insert(users).values({ id, email: `${id}@veza.test`, role, isVerified: true });
  if (stripeAccountId !== null) await setStripeAccount(world.database.db, id, stripeAccountId);
  return { id, role, token: await world.token(id, role) };
}

/** The seller has finished Stripe's forms. */
export async function connect(world: World, { id, accountId }: Seller): Promise<void> {
  await setStripeAccount(world.database.db, id, accountId);
}

/** The people and products of the demo, for stories of several products in one currency. */
export async function openCatalog(world: World) {
  const { buyer, otherBuyer, sellers, admin, products: sold } = await seedCatalog(world.database.db);
  const person = async (id: string, role: Role): Promise<Person> => ({
    id,
    role,
    token: await world.token(id, role),
  });
  const [ada, ben] = sellers;
  if (ada === undefined || ben === undefined) throw new Error('the seed has fewer than two sellers');
  return {
    buyer: await person(buyer.id, 'user'),
    stranger: await person(otherBuyer.id, 'user'),
    ada: await person(ada.id, 'artist'),
    ben: await person(ben.id, 'producer'),
    admin: await person(admin.id, 'admin'),
    products: sold,
  };
}

export type Catalog = Awaited<ReturnType<typeof openCatalog>>;
