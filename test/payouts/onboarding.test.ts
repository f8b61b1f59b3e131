import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sellerAccounts } from '../../db/sellers/schema.ts';
import { webhookEvents } from '../../db/webhooks/schema.ts';
import { expectAgreement } from '../harness/agreement.ts';
import { historyText, keysOf, onlyTransfer, sentTo, transferCalls, transferRow } from '../harness/read.ts';
import { attempted, until } from '../harness/wait.ts';
import { makeProduct, openShop, PRICE_MINOR, type Shop } from '../harness/shop.ts';
import { paidOrder, signal } from '../harness/stories.ts';
import { type Person, World } from '../harness/world.ts';

const PAGES = { return_url: 'https://shop.example/back', refresh_url: 'https://shop.example/again' };
// Nothing here comes round by itself: a wait that a test does not end lasts longer than the test.
const PATIENT = { TRANSFER_RETRY_BACKOFF_MAX: '1h' };

describe('a seller’s account at Stripe', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: PATIENT });
    world.stripe.control.setAutoOnboard(false);
  });
  afterEach(async () => {
    world.stripe.control.clearFaults();
    await expectAgreement(world);
  });
  afterAll(() => world.close());

  const connect = (seller: Person, body: object = PAGES) =>
    world.post(seller, '/sellers/me/stripe-account', body);
  const accountRow = async (id: string) => {
    const [row] = await world.database.db.select().from(sellerAccounts).where(eq(sellerAccounts.userId, id));
    return row!;
  };
  const accountsOf = ({ id }: Person) =>
    world.stripe.control.requests('accounts.create').filter((entry) => {
      const { metadata } = entry.body as { metadata?: { user_id?: string } };
      return metadata?.user_id === id;
    });
  async function connected(seller: Person): Promise<string> {
    const answer = await connect(seller);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body['account']!['stripe_account_id']!;
  }
  /** Stripe tells of the account, and the workflow that reads it has ended. */
  async function changed(seller: Person, accountId: string, enabled: boolean): Promise<void> {
    world.stripe.control.updateAccount(accountId, { transfersEnabled: enabled, payoutsEnabled: enabled });
    await until(
      () => accountRow(seller.id),
      (row) => row.transfersEnabled === enabled,
    );
  }
  const unconnected = () => openShop(world, { connected: false });
  const waiting = (transferId: string) =>
    until(
      () => transferRow(world, transferId),
      (row) => row.waitingFor === 'stripe_account',
    );

  it('is made once, with manual payouts, and linked to Stripe’s forms', async () => {
    const { seller } = await unconnected();
    const none = await world.get(seller, '/sellers/me/stripe-account');
    expect([none.status, none.body]).toEqual([200, { account: null }]);
    const answer = await connect(seller, { ...PAGES, country: 'de' });
    expect(answer.status).toBe(200);
    const accountId: string = answer.body['account']!['stripe_account_id']!;
    expect(answer.body['account']).toEqual({
      stripe_account_id: accountId,
      transfers_enabled: false,
      payouts_enabled: false,
    });
    expect(answer.body['link']).toMatchObject({
      url: expect.stringContaining(`/_sandbox/onboarding/${accountId}`) as string,
    });
    expect(Date.parse(answer.body['link']!['expires_at']!)).toBeGreaterThan(Date.now());
    const [made, ...others] = accountsOf(seller);
    expect(others).toEqual([]);
    expect(made!.headers['idempotency-key']).toBe(`account:${seller.id}:1`);
    expect(made!.body).toMatchObject({
      type: 'express',
      email: `${seller.id}@veza.test`,
      country: 'DE',
      capabilities: { transfers: { requested: 'true' } },
      settings: { payouts: { schedule: { interval: 'manual' } } },
    });
    expect(await accountRow(seller.id)).toMatchObject({ stripeAccountId: accountId });
    const shown = await world.get(seller, '/sellers/me/stripe-account');
    expect(shown.body['account']).toEqual(answer.body['account']);
  });

  it('a repeat, also at once, gives the same account and a new link', async () => {
    const { seller } = await unconnected();
    const answers = await Promise.all(Array.from({ length: 4 }, () => connect(seller)));
    const ids = answers.map((answer) => answer.body['account']!['stripe_account_id']);
    expect(new Set(ids).size).toBe(1);
    expect(accountsOf(seller)).toHaveLength(1);
    const link = await world.post(seller, '/sellers/me/stripe-account/link', {
      return_url: PAGES.return_url,
    });
    expect(link.status).toBe(200);
    expect(link.body['account']!['stripe_account_id']).toBe(ids[0]);
    const asked = world.stripe.control.requests('accountLinks.create').at(-1)!;
    expect(asked.body).toMatchObject({
      account: ids[0],
      return_url: PAGES.return_url,
      refresh_url: PAGES.return_url,
      type: 'account_onboarding',
    });
    expect(accountsOf(seller)).toHaveLength(1);
  });

  it('the link is in no history, since whoever has it can fill in the forms; nor is where it leads back to', async () => {
    const { seller } = await unconnected();
    const answer = await connect(seller);
    const history = await historyText(world, `onboarding/${seller.id}`);
    expect(history).toContain(answer.body['account']!['stripe_account_id']);
    expect(history).not.toContain('_sandbox/onboarding');
    expect(history).not.toContain('@veza.test');
    expect(history).not.toContain('shop.example');
    expect(await world.database.sql`SELECT * FROM account_link_asks`).toEqual([]);
  });

  describe('is refused', () => {
    it('a link without an account: seller_has_no_account', async () => {
      const { seller } = await unconnected();
      const answer = await world.post(seller, '/sellers/me/stripe-account/link', PAGES);
      expect(answer.body).toMatchObject({ status: 400, code: 'seller_has_no_account' });
      expect(accountsOf(seller)).toEqual([]);
    });

    it.each([
      [{}],
      [{ return_url: 'javascript:alert(1)' }],
      [{ return_url: 'back' }],
      [{ ...PAGES, country: 'Germany' }],
    ])('a body such as %j: validation_failed', async (body) => {
      const { seller } = await unconnected();
      expect((await connect(seller, body)).body).toMatchObject({ status: 422, code: 'validation_failed' });
    });

    it('by Stripe: stripe_account_refused, and another country may be asked for under a new key', async () => {
      const { seller } = await unconnected();
      const error = { type: 'invalid_request_error', code: 'country_unsupported', message: 'Not in ZZ.' };
      world.stripe.control.addFault({
        kind: 'status',
        status: 400,
        body: { error },
        stored: true,
        match: 'accounts.create',
      });
      const refused = await connect(seller, { ...PAGES, country: 'ZZ' });
      expect(refused.body).toMatchObject({
        status: 400,
        code: 'stripe_account_refused',
        detail: 'Not in ZZ.',
      });
      expect((await connect(seller, { ...PAGES, country: 'DE' })).status).toBe(200);
      expect(keysOf(accountsOf(seller))).toEqual([`account:${seller.id}:1`, `account:${seller.id}:2`]);
    });

    it('while Stripe gives no link: 503, and the account is there for the next call', async () => {
      const { seller } = await unconnected();
      world.stripe.control.addFault({ kind: 'status', status: 503, match: 'accountLinks.create' });
      expect((await connect(seller)).body).toMatchObject({ status: 503, code: 'engine_unavailable' });
      await connected(seller);
      expect(accountsOf(seller)).toHaveLength(1);
    });
  });

  it.each(['dropAfter', 'dropBefore'] as const)(
    'an answer that is lost (%s) is asked for again with the same key: one account',
    async (kind) => {
      const { seller } = await unconnected();
      world.stripe.control.addFault({ kind, match: 'accounts.create' });
      const accountId = await connected(seller);
      expect(keysOf(accountsOf(seller))).toEqual([`account:${seller.id}:1`, `account:${seller.id}:1`]);
      expect((await accountRow(seller.id)).stripeAccountId).toBe(accountId);
    },
  );

  it('a key older than a day is looked up first: the account that Stripe made is taken', async () => {
    const { seller } = await unconnected();
    world.stripe.control.addFault({ kind: 'dropAfter', match: 'accounts.create', times: 'always' });
    const answer = connect(seller);
    await attempted(world, `onboarding/${seller.id}`, 2);
    await world.database.db
      .update(sellerAccounts)
      .set({ askedAt: new Date(Date.now() - 25 * 60 * 60 * 1000) })
      .where(eq(sellerAccounts.userId, seller.id));
    expect((await answer).status).toBe(200);
    expect(new Set(keysOf(accountsOf(seller)))).toEqual(new Set([`account:${seller.id}:1`]));
  });

  describe('transfers wait for it', () => {
    async function sold(): Promise<{ shop: Shop; id: string; orderId: string }> {
      const shop = await unconnected();
      const orderId = await paidOrder(world, shop.buyer, shop.productIds);
      const { id } = await onlyTransfer(world, orderId);
      expect(await waiting(id)).toMatchObject({ status: 'pending', retryCount: 0, askedAt: null });
      return { shop, id, orderId };
    }

    it('in sight, while there is none and while it cannot receive, and go out when it can', async () => {
      const { shop, id, orderId } = await sold();
      const { seller } = shop;
      const accountId = await connected(seller);
      await signal(world, `transfer/${id}`, 'retryNow');
      await until(
        () => transferRow(world, id),
        (row) => row.errorMessage === 'the seller’s Stripe account cannot receive transfers yet',
      );
      const listed = await world.get(shop.admin, `/admin/transfers?order_id=${orderId}&status=pending`);
      expect(listed.body['data']).toMatchObject([{ id, waiting_for: 'stripe_account', retry_count: 0 }]);
      expect(transferCalls(world, accountId)).toEqual([]);

      // The seller fills in the forms: Stripe's `account.updated` sends the transfer on its way.
      const link = await world.post(seller, '/sellers/me/stripe-account/link', PAGES);
      await fetch(link.body['link']!['url']!, { redirect: 'manual' });
      expect(await world.finished(`transfer/${id}`)).toEqual({ status: 'completed' });
      expect(await transferRow(world, id)).toMatchObject({ stripeAccountId: accountId, waitingFor: null });
      expect(keysOf(transferCalls(world, accountId))).toEqual([`transfer:${id}:1`]);
      expect((await world.get(seller, '/sellers/me/stripe-account')).body['account']).toMatchObject({
        transfers_enabled: true,
        payouts_enabled: true,
      });
    });

    it('an account that is ready at once sends them as it is connected', async () => {
      const { shop, id } = await sold();
      world.stripe.control.setAutoOnboard(true);
      await connected(shop.seller);
      world.stripe.control.setAutoOnboard(false);
      expect(await world.finished(`transfer/${id}`)).toEqual({ status: 'completed' });
    });

    it('also one that could receive before, until it can again', async () => {
      const shop = await unconnected();
      const accountId = await connected(shop.seller);
      await changed(shop.seller, accountId, true);
      await changed(shop.seller, accountId, false);
      const orderId = await paidOrder(world, shop.buyer, shop.productIds);
      const { id } = await onlyTransfer(world, orderId);
      await waiting(id);
      expect(transferCalls(world, accountId)).toEqual([]);
      await changed(shop.seller, accountId, true);
      expect(await world.finished(`transfer/${id}`)).toEqual({ status: 'completed' });
      expect(sentTo(world, accountId)).toHaveLength(1);
    });

    it('where Stripe refuses before its webhook came: no attempt is counted, and a new key is used', async () => {
      const shop = await unconnected();
      const accountId = await connected(shop.seller);
      await changed(shop.seller, accountId, true);
      world.stripe.control.addFault({ kind: 'loseWebhook', match: 'account.updated' });
      world.stripe.control.updateAccount(accountId, { transfersEnabled: false });
      const orderId = await paidOrder(world, shop.buyer, shop.productIds);
      const { id } = await onlyTransfer(world, orderId);
      expect(await waiting(id)).toMatchObject({ status: 'pending', retryCount: 0, askedAt: null });
      world.stripe.control.updateAccount(accountId, { transfersEnabled: true });
      expect(await world.finished(`transfer/${id}`)).toEqual({ status: 'completed' });
      expect(keysOf(transferCalls(world, accountId))).toEqual([`transfer:${id}:1`, `transfer:${id}:2`]);
      expect(sentTo(world, accountId)).toHaveLength(1);
    });

    it('with its webhook lost: the next attempt asks Stripe itself', async () => {
      const { shop, id } = await sold();
      const accountId = await connected(shop.seller);
      world.stripe.control.addFault({ kind: 'loseWebhook', match: 'account.updated' });
      world.stripe.control.updateAccount(accountId, { transfersEnabled: true, payoutsEnabled: true });
      await world.stripe.control.idle();
      await signal(world, `transfer/${id}`, 'retryNow');
      expect(await world.finished(`transfer/${id}`)).toEqual({ status: 'completed' });
      expect(await accountRow(shop.seller.id)).toMatchObject({ transfersEnabled: true });
    });

    it('all of a seller’s, once the account is there', async () => {
      const { shop, id } = await sold();
      const another = await makeProduct(world, shop.seller, PRICE_MINOR);
      const second = await onlyTransfer(world, await paidOrder(world, shop.buyer, [another]));
      await waiting(second.id);
      const accountId = await connected(shop.seller);
      await changed(shop.seller, accountId, true);
      for (const transferId of [id, second.id]) await world.finished(`transfer/${transferId}`);
      expect(sentTo(world, accountId)).toHaveLength(2);
    });
  });

  describe('webhooks of accounts', () => {
    async function tell(accountId: string, metadata: object, enabled: boolean): Promise<string | undefined> {
      const id = `evt_${uuidv7()}`;
      const object = { object: 'account', id: accountId, payouts_enabled: enabled, metadata };
      const created = Math.floor(Date.now() / 1000);
      const event = {
        id,
        object: 'event',
        type: 'account.updated',
        created,
        account: accountId,
        data: { object },
      };
      expect((await world.stripe.control.sendWebhook(JSON.stringify(event))).status).toBe(200);
      const [row] = await world.database.db.select().from(webhookEvents).where(eq(webhookEvents.eventId, id));
      return row?.outcome;
    }

    it('out of order: Stripe is asked how the account stands', async () => {
      const { seller } = await unconnected();
      const accountId = await connected(seller);
      await changed(seller, accountId, true);
      // An older event, from before the forms were filled in.
      expect(await tell(accountId, { user_id: seller.id }, false)).toBe('signalled');
      await world.finished(`onboarding/${seller.id}`);
      expect(await accountRow(seller.id)).toMatchObject({
        transfersEnabled: true,
        payoutsEnabled: true,
      });
    });

    it('of an account that nobody has: unmatched', async () => {
      expect(await tell(`acct_${uuidv7()}`, {}, true)).toBe('unmatched');
    });

    it('of another account that names a seller: changes nothing of theirs', async () => {
      const { seller } = await unconnected();
      const accountId = await connected(seller);
      expect(await tell('acct_somebody', { user_id: seller.id }, true)).toBe('signalled');
      await world.finished(`onboarding/${seller.id}`);
      expect(await accountRow(seller.id)).toMatchObject({
        stripeAccountId: accountId,
        payoutsEnabled: false,
      });
    });
  });
});
