import { parseArgs } from 'node:util';
import { openDatabase } from '../../db/client.ts';
import { seedCatalog } from '../../db/sellers/index.ts';
import { PasswordHasher } from '../../db/accounts/index.ts';
import type { Caller } from '../../domain/accounts/index.ts';
import { isProduction } from '../../domain/kernel/index.ts';
import { readDatabaseUrl, readSigningSettings } from '../settings.ts';
import { makeToken } from '../sign-token.ts';

const TOKEN_TTL_MS = 24 * 60 * 60 * 1000;

/** Of everybody who is seeded outside production, so that they can sign in. */
const SEED_PASSWORD = 'only to try Veza out';

/** `seed [--json]`: prints the users and products to try things with. */
export async function seed(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({ args, options: { json: { type: 'boolean', default: false } } });
  const signing = readSigningSettings(env);
  const database = openDatabase(readDatabaseUrl(env), { maxConnections: 1 });
  try {
    const hasPasswords = signing.identity === 'own' && !isProduction(env);
    const passwordHash = hasPasswords ? await new PasswordHasher({ atATime: 1 }).hash(SEED_PASSWORD) : null;
    const seeded = await seedCatalog(database.db, passwordHash);
    const person = async ({ id, email, role }: { id: string; email: string; role: Caller['role'] }) => ({
      id,
      ...(hasPasswords && { email, password: SEED_PASSWORD }),
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

interface Seeded {
  readonly id: string;
  /** Outside production, where accounts are ours. */
  readonly email?: string;
  readonly password?: string;
  readonly token: string;
}

type Printed = {
  [Who in 'buyer' | 'other_buyer' | 'admin']: Seeded;
} & {
  sellers: (Seeded & { stripe_account_id: string | null })[];
  products: { id: string; seller_id: string; amount: number; currency: string }[];
};

function describe({ buyer, other_buyer: otherBuyer, sellers, admin, products }: Printed): string {
  return [
    `buyer        ${buyer.id}\n  ${buyer.token}`,
    `other buyer  ${otherBuyer.id}\n  ${otherBuyer.token}`,
    ...sellers.map((seller) => `seller       ${seller.id}  ${seller.stripe_account_id}\n  ${seller.token}`),
    `admin        ${admin.id}\n  ${admin.token}`,
    ...(admin.email === undefined ? [] : [`signs in at /ops as ${admin.email}: ${admin.password}`]),
    ...products.map(
      (product) =>
        `product      ${product.id}  ${product.amount} ${product.currency} (minor units) of ${product.seller_id}`,
    ),
  ].join('\n');
}
