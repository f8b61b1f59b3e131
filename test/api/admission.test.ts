import { beforeEach, describe, expect, it } from 'vitest';
import { Admission } from '../../api/kernel/index.ts';
import { DatabaseUnavailable } from '../../db/unavailable.ts';
import { VezaError } from '../../domain/errors.ts';

const LIMITS = { atATimeMax: 8, atATimeAtFirst: 2, answerWithinMs: 1_000 };

describe('Admission', () => {
  let nowMs = 0;
  let admission: Admission;
  beforeEach(() => {
    nowMs = 0;
    begun.length = 0;
    waited.length = 0;
    admission = new Admission(LIMITS, () => nowMs);
  });

  const begun: string[] = [];
  const waited: string[] = [];
  /** A call that is over when the test says so. */
  function call(name = '', client?: AbortSignal) {
    let end = () => {};
    const over = new Promise<void>((resolve) => (end = resolve));
    const work = async () => {
      begun.push(name);
      await over;
    };
    const gone = () => {
      waited.push(name);
      return client;
    };
    const done = admission.admit(work, { gone });
    return { done, end: () => (end(), done) };
  }
  /** More calls than are begun or may wait. */
  function crowd() {
    const calls = Array.from({ length: 20 }, () => call());
    for (const { done } of calls) done.catch(() => undefined);
    return { end: () => Promise.allSettled(calls.map(({ end }) => end())) };
  }
  /** One round after the other, of as many calls as are begun at a time, each of so long. */
  async function serve(rounds: number, tookMs: number): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      const full = Array.from({ length: admission.atATime }, () => call());
      nowMs += tookMs;
      for (const one of full) await one.end();
    }
  }
  const refusal = async (code = 'engine_busy') => {
    const error: unknown = await admission.admit(async () => undefined).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    return error as { extra: { retry_after_s: number } };
  };

  it('lets those wait who get their turn soon, in the order of coming, and refuses the others', async () => {
    const running = [call('a'), call('b')];
    // A call takes 100 ms until one was seen, so that five have their turn within 250 ms.
    const waiting = [call('c'), call('d'), call('e'), call('f'), call('g')];
    await refusal();
    for (const { end } of running) await end();
    for (const { end } of waiting) await end();
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  });

  it('begins more at a time while they are fast, to the limit that is set, and fewer once they are slow', async () => {
    await serve(40, 50);
    expect(admission.atATime).toBe(8);
    await serve(1, 600);
    expect(admission.atATime).toBe(6);
    await serve(30, 600);
    // Never one after the other: one that hangs would keep out all others.
    expect(admission.atATime).toBe(2);
    await serve(60, 50);
    expect(admission.atATime).toBe(8);
  });

  it('begins no fewer where every call takes long, since nobody is in its way', async () => {
    admission = new Admission({ ...LIMITS, atATimeAtFirst: 8 }, () => nowMs);
    // It takes some to learn that those that have nobody beside them take as long.
    await serve(10, 700);
    expect(admission.atATime).toBeLessThan(8);
    await serve(60, 700);
    expect(admission.atATime).toBe(8);
    // Twice as long as the fastest: that is a queue.
    await serve(1, 1_500);
    expect(admission.atATime).toBe(6);
  });

  it('takes for usual what has been the fastest for two minutes', async () => {
    await serve(40, 50);
    await serve(10, 700);
    expect(admission.atATime).toBe(2);
    nowMs += 60_000;
    await serve(1, 700);
    nowMs += 60_000;
    await serve(40, 700);
    expect(admission.atATime).toBe(8);
  });

  it('forgets the fastest after two minutes, also while many are always under way', async () => {
    await serve(40, 400);
    expect(admission.atATime).toBe(8);
    // Up to 800 ms is usual where the fastest took 400 ms.
    await serve(100, 700);
    expect(admission.atATime).toBe(8);
    const found: number[] = [];
    while (found.length < 100) {
      await serve(1, 700);
      found.push(admission.atATime);
    }
    // It looks again how long a call takes that has few beside it, and learns that all take as long.
    expect(Math.min(...found)).toBe(2);
    expect(found.at(-1)).toBe(8);
  });

  it('settles where a call takes half of the time, if each that is added makes all of them slower', async () => {
    admission = new Admission({ ...LIMITS, atATimeMax: 256 }, () => nowMs);
    const found: number[] = [];
    for (let round = 0; round < 400; round += 1) {
      await serve(1, 40 * admission.atATime);
      found.push(admission.atATime);
    }
    const settled = found.slice(100);
    // 12 take 480 ms, and one more is over 500.
    expect(Math.max(...settled)).toBeLessThanOrEqual(13);
    expect(Math.min(...settled)).toBeGreaterThanOrEqual(9);
  });

  it('tells who is refused a time by the rate at which calls end, later for each', async () => {
    admission = new Admission({ ...LIMITS, atATimeMax: 1 }, () => nowMs);
    await serve(40, 600);
    const running = call();
    const told: number[] = [];
    while (told.length < 20) told.push((await refusal()).extra.retry_after_s);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    // The one before it, 20 that were told, and what is left of the first 100 ms that were assumed.
    expect(told.at(-1)).toBeGreaterThanOrEqual(12);
    expect(told.at(-1)).toBeLessThanOrEqual(13);
    await running.end();
  });

  it('tells a crowd a minute at most, and less again once the crowd has left', async () => {
    admission = new Admission({ ...LIMITS, atATimeMax: 1 }, () => nowMs);
    await serve(40, 600);
    let running = call();
    for (let refused = 0; refused < 500; refused += 1) await refusal();
    expect((await refusal()).extra.retry_after_s).toBe(60);
    await running.end();
    await serve(75, 600);
    running = call();
    expect((await refusal()).extra.retry_after_s).toBeLessThanOrEqual(16);
    await running.end();
  });

  it('refuses a call whose turn does not come, and never begins it', async () => {
    admission = new Admission({ ...LIMITS, answerWithinMs: 100, atATimeMax: 8, atATimeAtFirst: 8 });
    const running = Array.from({ length: 8 }, () => call('running'));
    await expect(call('late').done).rejects.toMatchObject({ code: 'engine_busy' });
    for (const { end } of running) await end();
    expect(begun).not.toContain('late');
  });

  it('never begins a call whose client is gone before its turn, and asks for the client only where it has to wait', async () => {
    const client = new AbortController();
    const running = [call('a'), call('b')];
    const left = call('left', client.signal);
    const next = call('next');
    await expect(call('gone at once', AbortSignal.abort()).done).rejects.toMatchObject({
      code: 'engine_busy',
    });
    client.abort();
    await expect(left.done).rejects.toMatchObject({ code: 'engine_busy' });
    for (const { end } of [...running, next]) await end();
    expect(begun).toEqual(['a', 'b', 'next']);
    expect(waited).toEqual(['left', 'next', 'gone at once']);
  });

  it('says that the engine is away, not that it is busy, while nobody answers', async () => {
    const away = new VezaError('engine_unavailable', 'Nobody answers.');
    await expect(admission.admit(() => Promise.reject(away))).rejects.toBe(away);
    const running = [call(), call()];
    await refusal('engine_unavailable');
    await running[0]!.end();
    // Somebody answered.
    const more = crowd();
    await refusal('engine_busy');
    nowMs += 4_000;
    // Slow is not away.
    await refusal('engine_busy');
    nowMs += 1_001;
    // Nobody has answered for longer than the engine waits for a worker.
    await refusal('engine_unavailable');
    await running[1]!.end();
    await more.end();
  });

  it.each([
    ['a refusal by the work', new VezaError('order_not_found', 'There is none.'), 'engine_busy'],
    ['a defect of ours', new TypeError('not a function'), 'engine_busy'],
    ['a database that is away', new DatabaseUnavailable('no answer', 'QUERY_TIMEOUT'), 'engine_unavailable'],
  ])('after %s: %s, then %s', async (_, thrown, code) => {
    await expect(admission.admit(() => Promise.reject(thrown))).rejects.toBe(thrown);
    const more = crowd();
    await refusal(code);
    await more.end();
  });

  it('gives the turn on where a call fails', async () => {
    await expect(admission.admit(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    const running = [call(), call()];
    for (const { end } of running) await end();
  });
});
