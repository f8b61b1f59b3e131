import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { RefundFeed } from '../../api/marketplace/refund-feed.ts';
import type { DatabaseWithSql } from '../../sandbox/database.ts';
import { listRefundEvents } from '../../db/marketplace/refunds/events.ts';
import { settleRefund } from '../../db/marketplace/refunds/settle.ts';
import { createLogger } from '../../log.ts';
import { PURCHASES, ownDatabase, type Story, storyOn } from './verbs.ts';

const POLL_MS = 10;
const OPENER = {
  role: 'user',
  isUnprovedAdmin: false,
  key: null,
  sessionId: null,
  isProved: false,
  endsAt: null,
} as const;
const log = createLogger('silent');

/** The cost of listening: queries and timers, counted. */
describe('the feed of refund events', () => {
  let database: DatabaseWithSql;
  let story: Story;
  let calls = 0;
  let isAway = false;
  beforeAll(async () => {
    database = await ownDatabase();
    story = await storyOn(database);
  });
  // Only these: the driver's own timers go on.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    calls = 0;
  });
  afterEach(() => void vi.useRealTimers());

  const newFeed = () =>
    new RefundFeed(
      {
        log,
        db: new Proxy(database.db, {
          get(target, name, receiver) {
            if (name === 'execute') {
              calls += 1;
              if (isAway) return () => Promise.reject(new Error('the database is away'));
            }
            return Reflect.get(target, name, receiver) as unknown;
          },
        }),
      },
      // Who listens is nobody's row here.
      { pollMs: POLL_MS, heartbeatMs: 10_000, standingMs: 1_000_000 },
    );

  async function openRefunds(count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let index = 0; index < count; index += 1) ids.push(await story.openRefund(await story.complete()));
    return ids;
  }

  async function listen(feed: RefundFeed, refundId: string, userId: string) {
    const missed = await listRefundEvents(database.db, refundId);
    return feed.open({ ...OPENER, userId, refundId, afterId: 0, missed });
  }

  const textOf = async (stream: ReadableStream<Uint8Array>) => new Response(stream).text();

  it('one query for all listeners of all refunds, none before and none after', async () => {
    const refundIds = await openRefunds(3);
    const feed = newFeed();
    expect(vi.getTimerCount()).toBe(0);
    const streams = [];
    for (let index = 0; index < 30; index += 1) {
      streams.push(await listen(feed, refundIds[index % 3]!, `user ${index}`));
    }
    expect({ calls, timers: vi.getTimerCount(), size: feed.size }).toEqual({ calls: 0, timers: 2, size: 30 });

    for (const refundId of refundIds)
      await settleRefund(database.db, refundId, { providerRefundId: null }, PURCHASES);
    const texts = Promise.all(streams.map(textOf));
    vi.advanceTimersByTime(POLL_MS);
    for (const text of await texts)
      expect(text.match(/"status":"\w+"/g)).toEqual(['"status":"pending"', '"status":"succeeded"']);
    expect({ calls, timers: vi.getTimerCount(), size: feed.size }).toEqual({ calls: 1, timers: 0, size: 0 });
  });

  it('polls never overlap, however slow the database is', async () => {
    const [refundId] = await openRefunds(1);
    const feed = newFeed();
    await listen(feed, refundId!, 'somebody');
    vi.advanceTimersByTime(POLL_MS * 20);
    expect(calls).toBe(1);
    await feed.close();
  });

  it('a database that is away costs no stream: what happened is told once it is back', async () => {
    const [refundId] = await openRefunds(1);
    const feed = newFeed();
    const text = textOf(await listen(feed, refundId!, 'somebody'));
    isAway = true;
    vi.advanceTimersByTime(POLL_MS);
    await vi.waitFor(() => expect(calls).toBe(1));
    await settleRefund(database.db, refundId!, { providerRefundId: null }, PURCHASES);
    isAway = false;
    await vi.waitFor(() => {
      vi.advanceTimersByTime(POLL_MS);
      expect(feed.size).toBe(0);
    });
    expect(await text).toContain('"status":"succeeded"');
  });

  it('a client that reads nothing is let go of before it fills the memory', async () => {
    const [refundId] = await openRefunds(1);
    const feed = newFeed();
    await listen(feed, refundId!, 'somebody');
    vi.advanceTimersByTime(10_000 * 30);
    expect(feed.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    await feed.close();
  });

  it('closed: streams end, and no new one is opened', async () => {
    const [refundId] = await openRefunds(1);
    const feed = newFeed();
    const text = textOf(await listen(feed, refundId!, 'somebody'));
    await feed.close();
    expect(await text).toContain('"status":"pending"');
    await expect(listen(feed, refundId!, 'somebody')).rejects.toMatchObject({ code: 'engine_unavailable' });
    expect(vi.getTimerCount()).toBe(0);
  });
});
