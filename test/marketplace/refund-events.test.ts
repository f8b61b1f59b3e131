import { once } from 'node:events';
import { request } from 'node:http';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refundEvents } from '../../db/marketplace/refunds/events-schema.ts';
import { users, apiKeys } from '../../db/accounts/schema.ts';
import { endSessions } from '../../db/accounts/index.ts';
import { sessions } from '../../db/accounts/sessions/schema.ts';
import { makeKey } from '../../db/accounts/key-text.ts';
import { createApiKey } from '../../db/accounts/create-api-key.ts';
import { makeToken } from '../../ops/sign-token.ts';
import { type RunningServer, startServer } from '../../server.ts';
import { createLogger } from '../../log.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { adopted, eventually } from '../harness/wait.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import { completedOrder, openedRefund, settledRefund } from '../harness/stories.ts';
import { type Person, World } from '../harness/world.ts';

interface Seen {
  readonly id: number;
  readonly status: string;
  readonly at: string;
}

/** One client of a stream, reading as it comes. */
class Client {
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #abort: AbortController;
  #text = '';

  private constructor(response: Response, abort: AbortController) {
    this.#reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    this.#abort = abort;
  }

  static async open(url: string, opener: Opener, refundId: string, lastEventId?: number): Promise<Client> {
    const abort = new AbortController();
    const response = await ask(url, opener, refundId, { lastEventId, signal: abort.signal });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('retry-after')).toBeNull();
    return new Client(response, abort);
  }

  get text(): string {
    return this.#text;
  }

  /** Everything that has come, as events. */
  get events(): Seen[] {
    return this.#text.split('\n\n').flatMap((block) => {
      const [, id] = /^id: (\d+)$/m.exec(block) ?? [];
      const [, data] = /^data: (.*)$/m.exec(block) ?? [];
      if (id === undefined || data === undefined) return [];
      const { status, at } = JSON.parse(data) as { status: string; at: string };
      return [{ id: Number(id), status, at }];
    });
  }

  get statuses(): string[] {
    return this.events.map(({ status }) => status);
  }

  async until(isSo: (client: Client) => boolean): Promise<void> {
    while (!isSo(this)) {
      const { done, value } = await this.#reader.read();
      if (done) throw new Error(`the stream ended before it came to that: ${this.#text}`);
      this.#text += value;
    }
  }

  /** Reads to the end that the server makes. */
  async end(): Promise<this> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return this;
      this.#text += value;
    }
  }

  leave(): void {
    this.#abort.abort();
  }
}

/** By a token, or by an API key. */
type Opener = Pick<Person, 'token'> | { readonly key: string };

const ask = (
  url: string,
  opener: Opener,
  refundId: string,
  { lastEventId, signal }: { lastEventId?: number | string | undefined; signal?: AbortSignal } = {},
) =>
  fetch(`${url}/api/v1/marketplace/refunds/${refundId}/events`, {
    headers: {
      ...('key' in opener ? { 'x-api-key': opener.key } : { authorization: `Bearer ${opener.token}` }),
      ...(lastEventId !== undefined && { 'last-event-id': String(lastEventId) }),
    },
    ...(signal && { signal }),
  });

describe('the events of a refund', () => {
  let world: World;
  const servers: RunningServer[] = [];
  beforeAll(async () => {
    world = await World.create();
  });
  afterAll(async () => {
    for (const server of servers) await server.close();
    await world.close();
  });

  /** One more API process beside the world's, as it is deployed. */
  async function anotherServer(streams: Parameters<typeof startServer>[1] = {}): Promise<RunningServer> {
    const server = await startServer(world.config, { log: createLogger('silent'), ...streams });
    servers.push(server);
    return server;
  }

  /** A refund that the PSP has taken and says nothing more about, until `settle`. */
  async function openRefund(shop?: Shop) {
    const { buyer, productIds, seller, admin } = shop ?? (await openShop(world));
    const { orderId } = await completedOrder(world, buyer, productIds);
    const held = world.psp.control.addFault({
      kind: 'holdWebhook',
      match: 'refund_succeeded',
      times: 'always',
    });
    const refundId = await openedRefund(world, buyer, orderId);
    await adopted(world, refundId);
    const settle = async () => {
      world.psp.control.clearFaults(held);
      await world.psp.control.release();
      await world.finished(`refund/${refundId}`);
    };
    return { buyer, seller, admin, orderId, refundId, settle };
  }

  it('from first to last: each status as it happens, then the end', async () => {
    const { buyer, refundId, settle } = await openRefund();
    const client = await Client.open(world.apiUrl, buyer, refundId);
    await client.until(({ statuses }) => statuses.length === 2);
    expect(client.statuses).toEqual(['pending', 'accepted']);
    expect(client.text).toMatch(/^retry: \d+\n\n/);
    await settle();
    await client.end();
    expect(client.statuses).toEqual(['pending', 'accepted', 'succeeded']);
    const stored = await world.database.db.select().from(refundEvents);
    const own = stored.filter((event) => event.refundId === refundId).map(({ id }) => id);
    expect(client.events.map(({ id }) => id)).toEqual(own);
    await expectCleanBooks(world);
  });

  it('failed ends it too', async () => {
    const { buyer, productIds } = await openShop(world);
    const { orderId } = await completedOrder(world, buyer, productIds);
    const refused = world.psp.control.addFault({ kind: 'status', status: 400, match: 'refunds.create' });
    const refundId = await openedRefund(world, buyer, orderId);
    const client = await Client.open(world.apiUrl, buyer, refundId);
    expect((await client.end()).statuses).toEqual(['pending', 'failed']);
    world.psp.control.clearFaults(refused);
  });

  it('resumed in the middle: exactly what was missed, under the same ids, at another process', async () => {
    const { buyer, refundId, settle } = await openRefund();
    const first = await Client.open(world.apiUrl, buyer, refundId);
    await first.until(({ events }) => events.length === 2);
    first.leave();
    await settle();
    const [pending, accepted] = first.events;
    const other = await anotherServer();
    const second = await (await Client.open(other.url, buyer, refundId, accepted!.id)).end();
    expect(second.statuses).toEqual(['succeeded']);
    const third = await (await Client.open(other.url, buyer, refundId, pending!.id)).end();
    expect(third.events).toEqual([accepted, ...second.events]);
    const whole = await (await Client.open(world.apiUrl, buyer, refundId)).end();
    expect(whole.events).toEqual([...first.events, ...second.events]);
  });

  it('several listeners at several processes hear the same', async () => {
    const { buyer, seller, admin, refundId, settle } = await openRefund();
    const other = await anotherServer();
    const clients = [
      await Client.open(world.apiUrl, buyer, refundId),
      await Client.open(world.apiUrl, seller, refundId),
      await Client.open(other.url, admin, refundId),
      await Client.open(other.url, buyer, refundId),
    ];
    await settle();
    const [one, ...others] = await Promise.all(clients.map(async (client) => (await client.end()).events));
    expect(one).toHaveLength(3);
    for (const events of others) expect(events).toEqual(one);
  });

  it('already terminal: all of it at once; seen to the end: 204, which tells browsers to stay away', async () => {
    const { buyer, productIds } = await openShop(world);
    const { orderId } = await completedOrder(world, buyer, productIds);
    const { refundId } = await settledRefund(world, buyer, orderId);
    const { events } = await (await Client.open(world.apiUrl, buyer, refundId)).end();
    expect(events[0]!.status).toBe('pending');
    expect(events.at(-1)!.status).toBe('succeeded');
    const again = await ask(world.apiUrl, buyer, refundId, { lastEventId: events.at(-1)!.id });
    expect(again.status).toBe(204);
  });

  it('an id that is not of this refund: everything is new', async () => {
    const { buyer, productIds } = await openShop(world);
    const { orderId } = await completedOrder(world, buyer, productIds);
    const { refundId } = await settledRefund(world, buyer, orderId);
    const client = await Client.open(world.apiUrl, buyer, refundId, 999_999_999);
    expect((await client.end()).statuses[0]).toBe('pending');
  });

  it('the PSP’s later word: a stream that is opened again goes on after the first end', async () => {
    const { buyer, refundId, settle } = await openRefund();
    await settle();
    const { events } = await (await Client.open(world.apiUrl, buyer, refundId)).end();
    // The bank sent it back; whatever path writes the status, the event is in its transaction.
    await world.database.sql.begin(async (tx) => {
      await tx`UPDATE refunds SET status = 'returned' WHERE id = ${refundId}`;
    });
    const later = await (await Client.open(world.apiUrl, buyer, refundId, events.at(-1)!.id)).end();
    expect(later.statuses).toEqual(['returned']);
    await world.database.sql`UPDATE refunds SET status = 'succeeded' WHERE id = ${refundId}`;
  });

  it.each([
    ['a stranger', async () => (await openShop(world)).buyer],
    ['another seller', async () => (await openShop(world)).seller],
  ])('forbidden to %s: 404, as the refund itself', async (_, somebody) => {
    const { buyer, productIds } = await openShop(world);
    const { orderId } = await completedOrder(world, buyer, productIds);
    const { refundId } = await settledRefund(world, buyer, orderId);
    const answer = await ask(world.apiUrl, await somebody(), refundId);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'refund_not_found' });
    const unknown = await ask(world.apiUrl, buyer, orderId);
    expect(unknown.status).toBe(404);
  });

  it('a malformed Last-Event-ID is refused with 422, which names it', async () => {
    const { buyer } = await openShop(world);
    const answer = await ask(world.apiUrl, buyer, crypto.randomUUID(), { lastEventId: 'yesterday' });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({
      code: 'validation_failed',
      errors: [{ field: 'Last-Event-ID', in: 'header' }],
    });
  });

  it('a client that disconnects leaks nothing, nor does a HEAD', async () => {
    const { buyer, refundId, settle } = await openRefund();
    const server = await anotherServer();
    const clients = await Promise.all([1, 2, 3].map(() => Client.open(server.url, buyer, refundId)));
    expect(server.openStreams).toBe(3);
    for (const client of clients) client.leave();
    await eventually(() => expect(server.openStreams).toBe(0));
    const head = request(`${server.url}/api/v1/marketplace/refunds/${refundId}/events`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${buyer.token}` },
    }).end();
    const [response] = (await once(head, 'response')) as [{ statusCode: number; resume(): void }];
    expect(response.statusCode).toBe(200);
    response.resume();
    expect(server.openStreams).toBe(0);
    await settle();
  });

  it('bounded: a user’s streams above the most are 429, and free again once one is closed', async () => {
    const { buyer, seller, refundId, settle } = await openRefund();
    const server = await anotherServer({ streams: { maxStreamsPerUser: 2, maxStreams: 3 } });
    const [first] = [
      await Client.open(server.url, buyer, refundId),
      await Client.open(server.url, buyer, refundId),
    ];
    const third = await ask(server.url, buyer, refundId);
    expect(third.status).toBe(429);
    expect(third.headers.get('retry-after')).toBe('5');
    expect(await third.json()).toMatchObject({ code: 'too_many_streams' });
    await Client.open(server.url, seller, refundId);
    expect((await ask(server.url, seller, refundId)).status).toBe(429);
    first.leave();
    await eventually(() => expect(server.openStreams).toBe(2));
    await (await Client.open(server.url, buyer, refundId)).until(({ events }) => events.length > 0);
    await settle();
    await eventually(() => expect(server.openStreams).toBe(0));
  });

  it('heartbeats are comments; a stream that is too old ends, and is resumed', async () => {
    const { buyer, refundId, settle } = await openRefund();
    const server = await anotherServer({ streams: { heartbeatMs: 20, maxAgeMs: 300 } });
    const client = await Client.open(server.url, buyer, refundId);
    await client.until(({ text }) => (text.match(/^: heartbeat$/gm) ?? []).length >= 2);
    await client.end();
    expect(client.statuses).toEqual(['pending', 'accepted']);
    await settle();
    const resumed = await Client.open(server.url, buyer, refundId, client.events.at(-1)!.id);
    expect((await resumed.end()).statuses).toEqual(['succeeded']);
  });

  /** A stream by these credentials ends by itself, while the refund is open. */
  const ends = async (client: Client) => {
    await client.end();
    expect(client.statuses).toEqual(['pending', 'accepted']);
  };

  it('a stream ends with the session of its token', async () => {
    const { buyer, refundId, settle } = await openRefund();
    const server = await anotherServer({ streams: { standingMs: 50 } });
    const client = await Client.open(server.url, buyer, refundId);
    await client.until(({ events }) => events.length === 2);
    await endSessions(world.database.db, { userId: buyer.id }, 'revoked');
    await ends(client);
    expect((await ask(server.url, buyer, refundId)).status).toBe(401);
    await settle();
  });

  it('a stream ends with its token, and its client is asked for another', async () => {
    const { buyer, refundId, settle } = await openRefund();
    const server = await anotherServer({ streams: { standingMs: 50 } });
    const signer = world.config.JWT_SECRET!;
    const { JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = world.config;
    const names = { identity: 'own', signer, issuer, audience } as const;
    const token = await makeToken(world.database.db, names, { userId: buyer.id, role: 'user' }, 2_000);
    await ends(await Client.open(server.url, { ...buyer, token }, refundId));
    expect((await ask(server.url, { ...buyer, token }, refundId)).status).toBe(401);
    await settle();
  });

  const changeKey = (id: string, set: Partial<typeof apiKeys.$inferInsert>) =>
    world.database.db.update(apiKeys).set(set).where(eq(apiKeys.id, id));

  async function newAdmin(): Promise<Person> {
    const id = crypto.randomUUID();
    await world.database.db.insert(users).values({ id, email: `${id}@people.example`, role: 'admin' });
    return { id, role: 'admin', token: await world.token(id, 'admin') };
  }

  it.each<[string, (keyId: string, makerId: string) => Promise<unknown>]>([
    ['is revoked', (id) => changeKey(id, { revokedAt: new Date() })],
    ['has expired', (id) => changeKey(id, { expiresAt: new Date(Date.now() - 1_000) })],
    [
      'has a maker who is no admin any more',
      (_, id) => world.database.db.update(users).set({ role: 'user' }).where(eq(users.id, id)),
    ],
  ])('a stream ends with its key, once it %s', async (_, end) => {
    const { buyer, refundId, settle } = await openRefund();
    const server = await anotherServer({ streams: { standingMs: 50 } });
    const maker = await newAdmin();
    const { key, prefix, keyHash } = makeKey();
    const apiKey = await world.database.db.transaction((tx) =>
      createApiKey(
        tx,
        {
          ...{ id: crypto.randomUUID(), prefix, keyHash, userId: buyer.id, name: 'x', scopes: ['read'] },
          ...{ expiresAt: null, readsPerHour: 1_000, writesPerHour: 1 },
        },
        { actor: maker.id },
      ),
    );
    const client = await Client.open(server.url, { key }, refundId);
    await client.until(({ events }) => events.length === 2);
    await end(apiKey.id, maker.id);
    await ends(client);
    expect((await ask(server.url, { key }, refundId)).status).toBe(401);
    await settle();
  });

  it('a stream ends with its user, and with the role that it was opened by', async () => {
    const { refundId, settle } = await openRefund();
    const server = await anotherServer({ streams: { standingMs: 50 } });
    const { db } = world.database;
    const [demoted, deleted] = [await newAdmin(), await newAdmin()];
    const clients = [
      await Client.open(server.url, demoted, refundId),
      await Client.open(server.url, deleted, refundId),
    ];
    for (const client of clients) await client.until(({ events }) => events.length === 2);
    await db.update(users).set({ role: 'moderator' }).where(eq(users.id, demoted.id));
    await db.delete(sessions).where(eq(sessions.userId, deleted.id));
    await db.delete(users).where(eq(users.id, deleted.id));
    for (const client of clients) await ends(client);
    await settle();
  });

  it('shutdown ends streams at once and completely', async () => {
    const { buyer, refundId, settle } = await openRefund();
    const server = await anotherServer();
    const client = await Client.open(server.url, buyer, refundId);
    await client.until(({ events }) => events.length === 2);
    const startedMs = performance.now();
    await Promise.all([server.close(), client.end()]);
    // What a stream held open would have taken is ten seconds.
    expect(performance.now() - startedMs).toBeLessThan(9_000);
    expect(server.openStreams).toBe(0);
    servers.splice(servers.indexOf(server), 1);
    await settle();
  });
});
