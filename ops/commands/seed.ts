import { parseArgs } from 'node:util';
import { openDatabase } from '../../db/client.ts';
import { seedCatalog } from '../../db/sellers/index.ts';
import type { Caller } from '../../domain/accounts/index.ts';
import { readDatabaseUrl, readSigningSettings } from '../settings.ts';
import { makeToken } from '../sign-token.ts';

const TOKEN_TTL_MS = 24 * 60 * 60 * 1000;

/** `seed [--json]`: prints the users and products to try things with. */
export async function seed(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({ args, options: { json: { type: 'boolean', default: false } } });
  const signing = readSigningSettings(env);
  const database = openDatabase(readDatabaseUrl(env), { maxConnections: 1 });
  try {
    const seeded = await seedCatalog(database.db);
    const person = async ({ id, role }: { id: string; role: Caller['role'] }) => ({
      id,
      token: await makeToken(database.db, signing, { userId: id, role }, TOKEN_TTL_MS),
    });
    const printed = {
      buyer: await person(seeded.buyer),
      other_buyer: await person(seeded.otherBuyer),
      sellers: await Promise.all(
        seeded.sellers.map(async (seller) => ({
          ...(await person(seller)),
          stripe_account_id: seller.stripeAccountId,
        })),
      ),
      admin: await person(seeded.admin),
      products: seeded.products.map((product) => ({
        id: product.id,
        seller_id: product.sellerId,
        amount: product.priceMinor,
        currency: product.currency,
      })),
    };
    return values.json ? JSON.stringify(printed) : describe(printed);
  } finally {
    await database.close();
  }
}

type Printed = {
  [Who in 'buyer' | 'other_buyer' | 'admin']: { id: string; token: string };
} & {
  sellers: { id: string; token: string; stripe_account_id: string | null }[];
  products: { id: string; seller_id: string; amount: number; currency: string }[];
};

function describe({ buyer, other_buyer: otherBuyer, sellers, admin, products }: Printed): string {
  return [
    `buyer        ${buyer.id}\n  ${buyer.token}`,
    `other buyer  ${otherBuyer.id}\n  ${otherBuyer.token}`,
    ...sellers.map((seller) => `seller       ${seller.id}  ${seller.stripe_account_id}\n  ${seller.token}`),
    `admin        ${admin.id}\n  ${admin.token}`,
    ...products.map(
      (product) =>
        `product      ${product.id}  ${product.amount} ${product.currency} (minor units) of ${product.seller_id}`,
    ),
  ].join('\n');
}
