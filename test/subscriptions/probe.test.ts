import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { products } from '../../db/catalog/schema.ts';
import { subscriptions } from '../../db/subscriptions/schema.ts';
import { makePerson } from '../harness/shop.ts';
import { type Person, World } from '../harness/world.ts';

// The probe as it is run against a deployment: a shell script over HTTP.

const PROBE = fileURLToPath(
  new URL('../../scripts/probes/subscription-unpaid-activation.sh', import.meta.url),
);

let world: World;
beforeAll(async () => {
  world = await World.create({ env: { SUBSCRIPTION_GATES_SELLING: 'true' } });
});
afterAll(() => world.close());

const probe = (who: Pick<Person, 'token'>, args: readonly string[], env: Record<string, string> = {}) =>
  new Promise<{ code: number; said: string }>((resolve) => {
    const settings = {
      VEZA_API_URL: world.apiUrl,
      VEZA_TOKEN: who.token,
      VEZA_SELLING_GATED: 'true',
      ...env,
    };
    execFile(PROBE, [...args], { env: { ...process.env, ...settings } }, (error, stdout) =>
      resolve({ code: error === null ? 0 : Number(error.code), said: stdout }),
    );
  });
const rowsOf = (who: Person) =>
  world.database.db.select().from(subscriptions).where(eq(subscriptions.userId, who.id));
const lastLineOf = (said: string) => said.trimEnd().split('\n').at(-1);
const productsOf = (who: Person) =>
  world.database.db.select().from(products).where(eq(products.sellerId, who.id));

describe('the probe of unpaid activation', () => {
  it('as a dry run changes nothing and knows nothing', async () => {
    const who = await makePerson(world, 'artist');
    expect(await probe(who, [])).toEqual({ code: 2, said: expect.stringContaining('dry run') });
    expect(await rowsOf(who)).toEqual([]);
  });

  it('finds the gate closed, and cleans up', async () => {
    const who = await makePerson(world, 'artist');
    const { code, said } = await probe(who, ['--destructive']);
    expect({ code, said }).toEqual({ code: 0, said: expect.stringContaining('CLOSED') });
    expect(lastLineOf(said)).toContain('selling was asked too');
    expect(await rowsOf(who)).toMatchObject([{ status: 'canceled', endReason: 'asked' }]);
    expect(await productsOf(who)).toEqual([]);
    expect(said).not.toContain(who.token);
  });

  it('knows nothing of selling where the person has no seller’s role: that is refused before the gate', async () => {
    const who = await makePerson(world, 'user');
    const { code, said } = await probe(who, ['--destructive']);
    expect({ code, said }).toEqual({
      code: 2,
      said: expect.stringContaining('the gate of selling was not reached'),
    });
    expect(said).toContain('"forbidden"');
    expect(await rowsOf(who)).toEqual([]);
  });

  it('says that selling was not asked where nobody told it that selling is gated', async () => {
    const who = await makePerson(world, 'artist');
    const { code, said } = await probe(who, ['--destructive'], { VEZA_SELLING_GATED: '' });
    expect({ code, last: lastLineOf(said) }).toEqual({
      code: 0,
      last: expect.stringMatching(/^CLOSED, but for selling, which was not asked/),
    });
  });

  it('turns red where the deployment does not gate selling, though it was said to', async () => {
    const selling = await World.create({ worker: false });
    try {
      const who = await makePerson(selling, 'artist');
      expect(await probe(who, ['--destructive'], { VEZA_API_URL: selling.apiUrl })).toEqual({
        code: 1,
        said: expect.stringContaining('OPEN: a product was created before subscribing'),
      });
    } finally {
      await selling.close();
    }
  });

  it('turns red on an injected bypass: rows that are made active without the PSP’s word', async () => {
    const who = await makePerson(world, 'artist');
    // Each new subscription is active at once, and its invoice paid: what a branch in a verb would do.
    await world.database.sql`CREATE FUNCTION pay_nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      UPDATE subscriptions SET status = 'active' WHERE id = (SELECT subscription_id FROM invoices WHERE id = NEW.invoice_id);
      UPDATE invoices SET status = 'paid', number = id::text, paid_at = now(), hyperswitch_payment_id = 'none',
        period_start = now() - interval '1 second', period_end = now() + interval '1 day' WHERE id = NEW.invoice_id;
      RETURN NULL;
    END $$`;
    await world.database
      .sql`CREATE TRIGGER pay_nothing AFTER INSERT ON invoice_payments FOR EACH ROW EXECUTE FUNCTION pay_nothing()`;
    try {
      expect(await probe(who, ['--destructive'])).toMatchObject({
        code: 1,
        said: expect.stringContaining('OPEN'),
      });
    } finally {
      await world.database.sql`DROP FUNCTION pay_nothing CASCADE`;
    }
  });

  it.each<readonly [string, string, object]>([
    ['the token is bad', 'answers 401', { VEZA_TOKEN: 'x' }],
    ['nobody answers', 'answers 000', { VEZA_API_URL: 'http://127.0.0.1:1' }],
    ['there is no such plan', 'no paid plan', { VEZA_PLAN: 'platinum' }],
    ['the plan costs nothing', 'no paid plan', { VEZA_PLAN: 'free' }],
  ])('knows nothing where %s', async (_, words, env) => {
    const who = await makePerson(world, 'artist');
    expect(await probe(who, ['--destructive'], env as Record<string, string>)).toEqual({
      code: 2,
      said: expect.stringContaining(words),
    });
    expect(await rowsOf(who)).toEqual([]);
  });

  it('leaves a person alone who has a subscription', async () => {
    const who = await makePerson(world, 'artist');
    await world.post(who, '/subscriptions/subscribe', { plan_id: 'free' });
    expect(await probe(who, ['--destructive'])).toMatchObject({ code: 2 });
    expect(await rowsOf(who)).toMatchObject([{ status: 'active' }]);
  });
});
