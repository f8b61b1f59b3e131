import { expect, test } from 'vitest';
import { MailTurns } from '../../api/accounts/mail-turns.ts';

const inMs = (ms: number) => performance.now() + ms;

/** As many as may be under way, until they are let go. */
function full(turns: MailTurns) {
  let letGo = () => undefined as void;
  const promise = new Promise<void>((resolve) => void (letGo = resolve));
  const works = [1, 2, 3, 4].map(() => turns.take({ answerByMs: inMs(60_000), mailMs: 0 }, () => promise));
  return { letGo, works: Promise.all(works) };
}

test('a turn that comes too late for a mail is not waited for, and not taken', async () => {
  const turns = new MailTurns();
  const { letGo, works } = full(turns);
  const begun: string[] = [];
  const ask = (name: string, answerByMs: number) =>
    turns.take({ answerByMs, mailMs: 10_000 }, async () => void begun.push(name));
  const late = ask('late', inMs(11_050));
  const inTime = ask('in time', inMs(60_000));
  await expect(late).rejects.toMatchObject({ code: 'overloaded' });
  letGo();
  await Promise.all([works, inTime]);
  expect(begun).toEqual(['in time']);
  await expect(ask('over', inMs(10_500))).rejects.toMatchObject({ code: 'overloaded' });
  expect(begun).toEqual(['in time']);
});

test('who would be the 51st to wait is told so', async () => {
  const turns = new MailTurns();
  const { letGo, works } = full(turns);
  const ask = () => turns.take({ answerByMs: inMs(60_000), mailMs: 0 }, async () => 'done');
  const waiting = Array.from({ length: 50 }, ask);
  await expect(ask()).rejects.toMatchObject({ code: 'overloaded' });
  letGo();
  await works;
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['done']));
});

test('answers are as late as the slowest mail of late, by whole steps, and no later than a mail may take', () => {
  const turns = new MailTurns();
  expect(turns.notBeforeMs).toBe(500);
  turns.note(30);
  expect(turns.notBeforeMs).toBe(500);
  turns.note(1_700);
  turns.note(30);
  expect(turns.notBeforeMs).toBe(2_000);
  turns.note(60_000);
  expect(turns.notBeforeMs).toBe(20_500);
  for (let more = 0; more < 16; more += 1) turns.note(30);
  expect(turns.notBeforeMs).toBe(500);
});
